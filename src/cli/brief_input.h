// Where a brief comes from: the argument's words, a file, or standard input.
#pragma once

#include <filesystem>
#include <string>

#include "base/result.h"

namespace cadre::cli {

// "-" is standard input; the name of an existing file is that file; anything else is the text
// itself, but for one word that looks like a file's name (kNotFound). Larger than
// offline::kBriefBytesMax, empty, binary (NUL bytes), not UTF-8 or unreadable is an error too.
Result<std::string> read_brief_argument(const std::string& argument);

// A folder name from the first words: "A library service. Members ..." -> "library-service".
std::string folder_name_for(std::string_view brief);

// `wanted`, or wanted-2, wanted-3, ... : the first that does not exist or is empty.
std::filesystem::path free_folder(const std::filesystem::path& parent, const std::string& wanted);

}  // namespace cadre::cli
