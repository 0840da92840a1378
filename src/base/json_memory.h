// JSON where memory is counted: reading into memory of one's own, writing at the end of a text.
//
// As json.h otherwise. A value lives in the memory that it was made in: a resource that is not
// shared has to outlive it, and what is kept of it has to be copied out.
#pragma once

#include <boost/json/storage_ptr.hpp>

#include "base/json.h"

namespace cadre::json {

Result<Json> parse(std::string_view text, boost::json::storage_ptr memory);
// What write() gives, at the end of `out`.
void append(std::string& out, const Json& value);

}  // namespace cadre::json
