#pragma once
#include <bzlib.h>
#include <lzma.h>
#include <zlib.h>
#include <zstd.h>
#include <zstd_errors.h>

// inflateInit2 is a macro that adds the size of the stream.
static inline int vitrine_inflate_begin(z_stream *stream, int window_bits) { return inflateInit2(stream, window_bits); }

/// LZMA_CONCATENATED is a macro with a cast, which Swift does not import.
static const uint32_t vitrine_lzma_concatenated = LZMA_CONCATENATED;
