// How many tokens a text costs, estimated without any vendor's tokenizer.
//
// A quarter token for each ASCII byte, one for each other character, rounded up: English prose and
// code come out at or above what the common BPE tokenizers count, scripts without spaces near it.
// An item costs its texts and 4 more for its frame. Pure.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>

#include "core/item.h"

namespace cadre {

std::size_t estimate_tokens(std::string_view text);
std::size_t estimate_tokens(const Item& item);
std::size_t estimate_tokens(std::span<const ItemPtr> items);

// The longest beginning of the text that is estimated at `tokens` or less, with "…" at its end when
// something was cut; empty when not even that fits.
std::string shorten_to_tokens(std::string_view text, std::size_t tokens);

}  // namespace cadre
