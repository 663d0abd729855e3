#include "tests/programs/program_in_process.h"

#include <gtest/gtest.h>

namespace programs {

servers::ProcessResult run_in_process(const base::ProgramDescription& program,
                                      const Installation& mailstow,
                                      const std::vector<std::string>& arguments) {
  std::vector<std::string> words = {program.name, "--config", mailstow.config_file().string()};
  words.insert(words.end(), arguments.begin(), arguments.end());
  std::vector<char*> line;
  line.reserve(words.size());
  for (std::string& word : words) line.push_back(word.data());
  servers::ProcessResult result;
  testing::internal::CaptureStdout();
  result.status = base::run_program(program, static_cast<int>(line.size()), line.data());
  result.out = testing::internal::GetCapturedStdout();
  return result;
}

}  // namespace programs
