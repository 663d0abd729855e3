#include "tests/servers/ports.h"

#include <array>
#include <fstream>
#include <set>
#include <stdexcept>

#include <gmock/gmock.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"

namespace servers {
namespace {

constexpr std::size_t kPortsOfEach = 20;

struct TestPipe {
  TestPipe() {
    std::array<int, 2> ends{};
    if (::pipe(ends.data()) != 0) throw std::runtime_error("no pipe");
    read_end = base::Fd(ends[0]);
    write_end = base::Fd(ends[1]);
  }
  base::Fd read_end;
  base::Fd write_end;
};

// A process that takes ports, writes their numbers, and keeps them until its parent closes `held`.
[[noreturn]] void keep_ports(const TestPipe& numbers, TestPipe& held) noexcept {
  std::array<Port, kPortsOfEach> ports;
  std::array<std::uint16_t, kPortsOfEach> taken{};
  for (std::size_t i = 0; i < kPortsOfEach; ++i) {
    ports[i] = free_port(kHost);
    taken[i] = ports[i].number();
  }
  held.write_end = base::Fd();
  char ignored = 0;
  const bool is_done = ::write(numbers.write_end.get(), taken.data(), sizeof taken) > 0 &&
                       ::read(held.read_end.get(), &ignored, 1) == 0;
  ::_exit(is_done ? 0 : 1);
}

TEST(Ports, AreReservedForOneProcess) {
  static_cast<void>(free_port(kHost));  // both processes continue with the port behind this one
  TestPipe numbers;
  TestPipe held;
  const pid_t other = ::fork();
  ASSERT_GE(other, 0);
  if (other == 0) keep_ports(numbers, held);
  numbers.write_end = base::Fd();
  std::array<std::uint16_t, kPortsOfEach> of_other{};
  EXPECT_EQ(::read(numbers.read_end.get(), of_other.data(), sizeof of_other),
            static_cast<ssize_t>(sizeof of_other));
  std::set<std::uint16_t> all(of_other.begin(), of_other.end());
  for (std::size_t i = 0; i < kPortsOfEach; ++i) {
    // Another address makes no difference.
    EXPECT_TRUE(all.insert(free_port(i % 2 == 0 ? kHost : kPlainHost).number()).second);
  }
  EXPECT_EQ(all.size(), 2 * kPortsOfEach);
  held.write_end = base::Fd();
  int status = -1;
  EXPECT_EQ(::waitpid(other, &status, 0), other);
  EXPECT_EQ(status, 0);
}

TEST(Ports, AreNotThoseOfConnections) {
  unsigned first = 0;
  unsigned last = 0;
  std::ifstream("/proc/sys/net/ipv4/ip_local_port_range") >> first >> last;
  const bool has_room = first >= 21'000 || last <= 64'000;
  for (int i = 0; has_room && i < 20; ++i) {
    const Port port = free_port(kHost);
    EXPECT_TRUE(port.number() < first || port.number() > last) << port.number();
  }
}

TEST(Ports, OfAnAddressOfAnotherMachineAreRefused) {
  EXPECT_THROW(free_port("192.0.2.1"), base::Error);
  EXPECT_THROW(free_port("localhost"), base::Error);
}

}  // namespace
}  // namespace servers
