// A program that answers each line of its standard input with one line, for as long as the object
// lives.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/child.h"
#include "base/handle.h"

namespace servers {

class AnsweringProcess {
 public:
  // `arguments` begins with the program, looked up in PATH. Fails if it can't be started.
  explicit AnsweringProcess(const std::vector<std::string>& arguments);
  AnsweringProcess(const AnsweringProcess&) = delete;
  AnsweringProcess& operator=(const AnsweringProcess&) = delete;
  ~AnsweringProcess();

  // Both lines are without their ends. Fails if the program ends before it has answered.
  std::string ask(std::string question);

 private:
  std::string name_;
  base::Fd questions_;
  base::Fd answers_;
  base::Child program_;
};

}  // namespace servers
