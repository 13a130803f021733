// The fuzzed parsers in one program, of which each run takes one. `Tests/fuzz` builds it and knows the rest.
//
//     fuzz TARGET [libFuzzer's arguments]
//     fuzz --list

import Glibc
import Platform

@_silgen_name("LLVMFuzzerRunDriver")
func runFuzzer(
    _ count: UnsafeMutablePointer<CInt>, _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>>,
    _ body: @convention(c) (UnsafePointer<UInt8>?, Int) -> CInt
) -> CInt

/// What libFuzzer's callback, which holds nothing, runs.
nonisolated(unsafe) var chosen: FuzzTarget?

/// A line for each target: its name, its longest input, its sources, and its words as libFuzzer's dictionaries have them.
func list() {
    for target in FuzzTarget.all {
        let fields = [target.name, "\(target.maximumByteCount)", target.sources.joined(separator: " ")]
        print((fields + target.words.map(quoted)).joined(separator: "\t"))
    }
}

/// A letter of less than 256 stands for that byte, any other for its UTF-8.
func quoted(_ word: String) -> String {
    let bytes = word.unicodeScalars.flatMap { $0.value < 0x100 ? [UInt8($0.value)] : Array(String($0).utf8) }
    return "\"" + bytes.map { byte in
        let isPlain = (0x20..<0x7f).contains(byte) && byte != UInt8(ascii: "\"") && byte != UInt8(ascii: "\\")
        return isPlain ? String(Unicode.Scalar(byte)) : "\\x" + String(byte >> 4, radix: 16) + String(byte & 15, radix: 16)
    }.joined() + "\""
}

func main() -> CInt {
    let given = CommandLine.arguments.dropFirst()
    if given.first == "--list" {
        list()
        return 0
    }
    // libFuzzer does not know the target's name, and starts this program anew where it merges inputs.
    let known = getenv("GIT_DATA_FUZZ_TARGET").map { String(cString: $0) }
    guard let target = FuzzTarget.all.first(where: { $0.name == known ?? given.first }) else {
        Descriptor.writeToStandardError("usage: fuzz TARGET|--list [ARGUMENT…]\n")
        return 129
    }
    chosen = target
    signal(SIGPIPE, SIG_IGN)
    var count = CommandLine.argc
    var arguments = CommandLine.unsafeArgv
    if known == nil {
        setenv("GIT_DATA_FUZZ_TARGET", target.name, 1)
        count -= 1
        arguments += 1
        arguments[0] = CommandLine.unsafeArgv[0]
    }
    return runFuzzer(&count, &arguments) { start, count in
        try? chosen?.run(Array(UnsafeBufferPointer(start: start, count: count)))
        return 0
    }
}

exit(main())
