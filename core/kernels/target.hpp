// Which code the kernels run.
#pragma once

namespace ckptscope {

/// True when the plain loops were asked for; else the vector code that Highway chose runs.
bool scalar_kernels();

}  // namespace ckptscope
