// The tools by which an agent works on the files of its task (task_files.h): list_files, read_file,
// search_files, write_file, edit_file, delete_file. All are pure: what a write changes is the
// journal's record of the call itself.
#pragma once

#include <memory>
#include <vector>

#include "runtime/tool.h"

namespace cadre {

std::vector<std::shared_ptr<TaskTool>> make_file_tools();

}  // namespace cadre
