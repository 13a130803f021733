import Platform

/// The environment variables that bear on what a program computes, and that anybody may see.
enum RecordedVariables {
    /// Names, or beginnings of names that end with `*`.
    private static let allowed = [
        // Which devices, how many threads, how exact.
        "CUDA_VISIBLE_DEVICES", "CUDA_LAUNCH_BLOCKING", "CUBLAS_WORKSPACE_CONFIG", "NVIDIA_TF32_OVERRIDE", "HIP_VISIBLE_DEVICES",
        "ROCR_VISIBLE_DEVICES", "OMP_*", "MKL_*", "OPENBLAS_*", "GOTO_NUM_THREADS", "BLIS_NUM_THREADS", "NUMEXPR_*",
        "VECLIB_MAXIMUM_THREADS", "KMP_*", "TORCH_ALLOW_TF32_CUBLAS_OVERRIDE", "PYTORCH_CUDA_ALLOC_CONF", "TF_DETERMINISTIC_OPS",
        "TF_CUDNN_DETERMINISTIC", "TF_ENABLE_ONEDNN_OPTS", "XLA_FLAGS", "JAX_ENABLE_X64", "JAX_PLATFORMS", "JULIA_NUM_THREADS",
        // What programs take for what is random, for text and for time.
        "PYTHONHASHSEED", "SEED", "RANDOM_SEED", "LANG", "LANGUAGE", "LC_*", "TZ", "PYTHONUTF8", "PYTHONIOENCODING", "SOURCE_DATE_EPOCH",
        // Where they look for code.
        "PYTHONPATH", "PYTHONNOUSERSITE", "PYTHONOPTIMIZE", "LD_LIBRARY_PATH", "LD_PRELOAD", "R_LIBS", "R_LIBS_USER", "R_LIBS_SITE",
        "JULIA_PROJECT", "JULIA_LOAD_PATH", "CONDA_DEFAULT_ENV",
    ]

    /// Never taken, whoever asks.
    private static let forbidden = [
        "KEY", "TOKEN", "SECRET", "PASSWORD", "PASSWD", "PASSPHRASE", "CREDENTIAL", "AUTH", "COOKIE", "SESSION",
    ]
    private static let personal: Set<String> = ["HOME", "USER", "LOGNAME", "USERNAME", "HOST", "HOSTNAME", "PWD", "OLDPWD", "MAIL"]

    /// - Parameter extra: further names, by a person's wish.
    static func values(_ variables: ProcessVariables, extra: [String], _ texts: PublicText) -> [String: JSONValue] {
        var values: [String: JSONValue] = [:]
        for name in variables.names where (isAllowed(name) || extra.contains(name)) && !isForbidden(name) {
            guard let value = variables[name] else { continue }
            values[name] = .text(texts.value(value.text))
        }
        return values
    }

    private static func isAllowed(_ name: String) -> Bool {
        allowed.contains { $0.hasSuffix("*") ? name.hasPrefix($0.dropLast()) : name == $0 }
    }

    private static func isForbidden(_ name: String) -> Bool {
        let name = name.uppercased()
        return personal.contains(name) || forbidden.contains { name.contains($0) }
    }
}
