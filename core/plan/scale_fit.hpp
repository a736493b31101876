// How the scales of FP8 codes lie over them, told by shapes.
#pragma once

#include <optional>
#include <string>

#include "core/tensor/tensor_info.hpp"

namespace ckptscope {

/// What a scale of this shape means for codes of that shape: rows and columns of the last two
/// dimensions that share one; empty for one scale of the whole tensor or one per element of
/// dimension 0 of three (the number of scales tells which), and for no codes at all. nullopt where
/// no reading is certain: nothing is guessed.
///
/// `block` is what the config states, and then binds; empty where it states nothing. Without it
/// these are certain: 128 x 128 (DeepSeek), 1 x 32 (OCP MX), one per row. Grids may have the form
/// [rows, 1, columns, 1] (ModelOpt), dimensions before the last two are those of the codes.
std::optional<Shape> fit_scale(ShapeView codes, ShapeView scales, ShapeView block);

/// The forms, for messages.
std::string expected_scales(ShapeView block);

}  // namespace ckptscope
