// What a user gives a run beside the brief: text files, and documents as the artifact that an SOP
// works from. Thread-safe; calls block on the disk.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "core/plan.h"
#include "core/provider.h"

namespace cadre::workshop {

inline constexpr std::size_t kDocumentsMax = 200;

struct Document {
  std::string title, text;
};

// The whole of a UTF-8 text without NUL bytes; an error says what else it is.
Result<std::string> read_text_file(const std::filesystem::path& file, std::uintmax_t bytes_max);

// Whether the text is a brief: not empty, UTF-8, within offline::kBriefBytesMax. `name` is where it
// came from, for the error.
Result<void> check_brief(std::string_view bytes, const std::string& name = "the brief");

// The file as a document; its name is the title.
Result<Document> read_document(const std::filesystem::path& file);

// The documents as one artifact of the type that the plan asks for: {"documents": [{"id": "D1",
// "title", "text"}]}. Nothing for none. kInvalidInput when the plan takes no input, or a document
// is empty, too large or no text.
Result<std::optional<Artifact>> documents_artifact(const Plan& plan,
                                                   const std::vector<Document>& documents);

}  // namespace cadre::workshop
