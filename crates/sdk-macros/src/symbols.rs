//! The names of exports.
//!
//! An export's name is also a symbol of the linker, and replaces a function with that name that compiled
//! code calls: `f64::powf` would call a guest's own `pow`.

/// The export's name for a function with this name.
pub(crate) fn export_name(function: &str) -> String {
    let reserved = RESERVED.binary_search(&function).is_ok() || function.starts_with("__");
    if reserved { format!("{function}_") } else { function.to_owned() }
}

/// Functions that `compiler_builtins` defines for wasm32, others that LLVM may call, and names with a
/// meaning for the ABI or the linker; sorted.
#[rustfmt::skip]
const RESERVED: &[&str] = &[
    "_initialize", "_start", "acos", "acosf", "acosh", "acoshf", "asin", "asinf", "asinh",
    "asinhf", "atan", "atan2", "atan2f", "atanf", "atanh", "atanhf", "bcmp", "cbrt", "cbrtf",
    "ceil", "ceilf", "ceilf128", "ceilf16", "commensal_fault", "commensal_scratch", "copysign",
    "copysignf", "copysignf128", "copysignf16", "cos", "cosf", "cosh", "coshf", "erf", "erfc",
    "erfcf", "erff", "exp", "exp10", "exp10f", "exp2", "exp2f", "expf", "expm1", "expm1f", "fabs",
    "fabsf", "fabsf128", "fabsf16", "fdim", "fdimf", "fdimf128", "fdimf16", "floor", "floorf",
    "floorf128", "floorf16", "fma", "fmaf", "fmaf128", "fmax", "fmaxf", "fmaxf128", "fmaxf16",
    "fmaximum", "fmaximumf", "fmaximumf128", "fmaximumf16", "fmin", "fminf", "fminf128",
    "fminf16", "fminimum", "fminimumf", "fminimumf128", "fminimumf16", "fmod", "fmodf",
    "fmodf128", "fmodf16", "frexp", "frexpf", "hypot", "hypotf", "ldexp", "ldexpf", "lgamma",
    "lgamma_r", "lgammaf", "lgammaf_r", "llrint", "llround", "log", "log10", "log10f", "log1p",
    "log1pf", "log2", "log2f", "logf", "lrint", "lround", "main", "memcmp", "memcpy", "memmove",
    "memory", "memset", "nearbyint", "nearbyintf", "pow", "powf", "rint", "rintf", "rintf128",
    "rintf16", "round", "roundeven", "roundevenf", "roundevenf128", "roundevenf16", "roundf",
    "roundf128", "roundf16", "rust_eh_personality", "sin", "sincos", "sincosf", "sinf", "sinh",
    "sinhf", "sqrt", "sqrtf", "sqrtf128", "sqrtf16", "strlen", "tan", "tanf", "tanh", "tanhf",
    "tgamma", "tgammaf", "trunc", "truncf", "truncf128", "truncf16",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reserved_names_are_sorted_as_the_search_needs() {
        assert!(RESERVED.is_sorted());
    }

    #[test]
    fn exports_keep_clear_of_symbols_that_mean_something() {
        let cases = [
            ("slugify", "slugify"),
            ("pow", "pow_"),
            ("memcpy", "memcpy_"),
            ("memory", "memory_"),
            ("commensal_scratch", "commensal_scratch_"),
            ("__heap_base", "__heap_base_"),
            ("größe", "größe"),
        ];
        for (function, export) in cases {
            assert_eq!(export_name(function), export);
        }
    }
}
