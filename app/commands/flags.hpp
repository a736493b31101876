// Flags that several verbs take. A name means the same everywhere.
#pragma once

#include "app/language/command.hpp"

namespace ckptscope {

inline constexpr Flag kTo{.name = "to",
                          .value = "SIDE",
                          .help = "target of the mapping; without it, the other side",
                          .choices = "native|hf"};
inline constexpr Flag kAdapter{
    .name = "adapter",
    .value = "NAME",
    .help = "family, instead of what config.json and keys say; none leaves keys as they are"};
inline constexpr Flag kMapping{.name = "mapping",
                               .value = "FILE",
                               .help = "a mapping of your own instead of a family's: help mapping"};
inline constexpr Flag kRename{.name = "rename",
                              .value = "'LEFT -> RIGHT'",
                              .help =
                                  "another key for every key that LEFT matches, before all else, "
                                  "never undone; may be repeated"};
inline constexpr Flag kInclude{.name = "include",
                               .value = "QUERY",
                               .help = "only output keys that the query finds; may be repeated"};
inline constexpr Flag kDtype{.name = "dtype",
                             .value = "D",
                             .help = "dtype of decoded and stacked weights",
                             .choices = "bf16|f16|f32"};
inline constexpr Flag kExclude{
    .name = "exclude", .value = "RE", .help = "drop output keys that match at their start"};
inline constexpr Flag kEp{.name = "ep",
                          .value = "RANKS",
                          .help =
                              "R/N: only the experts of rank R (from 0) of N in native stacks, all "
                              "else whole; all/N: convert makes all of them"};
inline constexpr Flag kExperts{
    .name = "experts", .value = "A..B", .help = "the same by number, both included"};
inline constexpr Flag kSet{
    .name = "set", .value = "KEY=VALUE", .help = "a setting of the adapter; may be repeated"};
inline constexpr Flag kLayout{.name = "layout",
                              .value = "L",
                              .help =
                                  "how native names are spelled, one of the family's layouts: "
                                  "automodel are those of its modules",
                              .otherwise = "the first"};
inline constexpr Flag kLenient{.name = "lenient",
                               .help = "unpaired FP8 weights and scales are warnings"};
inline constexpr Flag kHfPrefix{.name = "hf-prefix",
                                .value = "WHICH",
                                .help = "the start of hf keys that a model alone goes without",
                                .choices = "usual|none",
                                .otherwise = "as the receipt says"};
inline constexpr Flag kStrict{
    .name = "strict", .help = "a model that lacks layers, embedding, norm or experts is refused"};
inline constexpr Flag kAllow{.name = "allow",
                             .value = "CODE",
                             .help = "go on in spite of a problem of this code; may be repeated"};
inline constexpr Flag kQuantise{.name = "quantize",
                                .value = "SCHEME",
                                .help = "how hf weights are stored; none decodes",
                                .choices = "mxfp4|fp8|int4|nvfp4|none",
                                .otherwise = "as it is"};
inline constexpr Flag kLike{
    .name = "like",
    .value = "DIR",
    .help = "the output must have this checkpoint's keys, dtypes and shapes"};
inline constexpr Flag kMemory{
    .name = "memory", .value = "SIZE", .help = "bound of conversion buffers", .fallback = "512MiB"};
inline constexpr Flag kThreads{.name = "threads",
                               .value = "N",
                               .help = "workers; two for each processor that this process may use",
                               .letter = 'j',
                               .otherwise = "two a processor"};
inline constexpr Flag kOutput{.name = "output",
                              .value = "PATH",
                              .help = "where the result appears; must not exist",
                              .letter = 'o',
                              .otherwise = "needed"};
inline constexpr Flag kHeaders{.name = "headers",
                               .help = "look at the headers alone, not at values"};
inline constexpr Flag kFetch{.name = "fetch",
                             .value = "SIZE",
                             .help = "how much is fetched at most of values that lie elsewhere",
                             .fallback = "64MB"};
inline constexpr Flag kFigure{.name = "figure",
                              .value = "FIGURE",
                              .help =
                                  "what is drawn over layers and experts; the last two with "
                                  "--against",
                              .choices = "std|absmax|mean|zeros|saturated|scale|rel_l2|sqnr",
                              .fallback = "std"};
inline constexpr Flag kAll{.name = "all", .help = "every row, nothing folded"};
inline constexpr Flag kSort{
    .name = "sort", .value = "COLUMN", .help = "order of rows", .choices = "key|bytes|dtype|shard"};
inline constexpr Flag kLimit{.name = "limit", .value = "N", .help = "at most N rows"};

}  // namespace ckptscope
