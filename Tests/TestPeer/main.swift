// test-peer: another process for tests that need one. What it does is named by its first argument;
// it reports on standard output and waits, where it has to, for the end of its standard input.

import Digest
import Glibc
import ObjectStore
import Platform

let arguments = Environment.arguments

func say(_ text: String) throws {
    try Descriptor.standard(1).write(Array((text + "\n").utf8))
}

func waitForEndOfInput() throws {
    _ = try ByteReader(.standard(0)).readToEnd()
}

func insert(_ content: [UInt8], into batch: BlobBatch) throws -> ObjectID {
    var spool = BlobSpool(in: batch.store)
    try content.withUnsafeBytes { try spool.write($0) }
    return try spool.insert(into: batch)
}

func number(_ position: Int) -> Int {
    Int(arguments[position].text) ?? 0
}

switch (arguments.first?.text, arguments.count) {
case ("insert", 4):
    // STORE FIRST COUNT: blobs of the numbers from FIRST on, each three times its number in decimal.
    let batch = BlobBatch(store: ObjectStore(folder: arguments[1]))
    for value in number(2)..<number(2) + number(3) {
        _ = try insert(Array("\(value) \(value) \(value)".utf8), into: batch)
    }
    try batch.flush()
case ("insert-and-die", 3):
    // STORE CONTENT: killed after the insert, before its flush.
    let batch = BlobBatch(store: ObjectStore(folder: arguments[1]))
    try say(insert(arguments[2].bytes, into: batch).hex)
    raise(SIGKILL)
case ("spool-and-die", 3):
    // STORE CONTENT: killed while the blob, eight MiB of that again and again, is being written.
    var spool = BlobSpool(in: ObjectStore(folder: arguments[1]))
    while spool.byteCount < 8 << 20 { try arguments[2].bytes.withUnsafeBytes { try spool.write($0) } }
    raise(SIGKILL)
    _ = consume spool
case ("lock", 2):
    // TARGET: holds the lock until told to end, by the end of input or by a signal.
    Interrupts.install()
    let lock = try LockFile(for: arguments[1])
    try say("held")
    try waitForEndOfInput()
    _ = consume lock
case ("temporary", 2):
    // FOLDER: holds a temporary file until told to end.
    Interrupts.install()
    let file = try TemporaryFile(in: arguments[1])
    try say("held")
    try waitForEndOfInput()
    _ = consume file
case ("write-and-say", 2):
    // FILE: opens it, as the first file of its life, and speaks on standard output.
    Descriptor.openStandardStreams()
    let file = try Descriptor.open(arguments[1], [.write, .create])
    try file.write(Array("content".utf8))
    try say("not for the file")
case ("end-action", 2):
    // FILE: removes the file when a signal ends it.
    let file = arguments[1]
    Interrupts.install()
    Interrupts.onEnd { try? file.removeFile() }
    try say("ready")
    try waitForEndOfInput()
case ("spawn", _) where arguments.count > 1:
    // PROGRAM ARGUMENTS…: runs it with signals set up as the executables do.
    Interrupts.install()
    let child = try ChildProcess(arguments[1], Array(arguments[2...]), input: .inherited, output: .inherited)
    if case .exited(let status) = child.wait() { Process.exit(status) }
    Process.exit(99)
case ("watch", _) where arguments.count > 3:
    // FOLDER ROAD PROGRAM ARGUMENTS…: watches it; 98 where another road was taken than the one named.
    Interrupts.install()
    let (ending, files) = try WatchedCommand.run(arguments[3], Array(arguments[4...]), folder: arguments[1], watching: arguments[1])
    guard "\(files.road)" == arguments[2].text else { Process.exit(98) }
    if case .exited(let status) = ending { Process.exit(status) }
    Process.exit(99)
case ("watch-events", _) where arguments.count > 2:
    // FOLDER PROGRAM ARGUMENTS…: says whether all that happened was seen.
    let (_, files) = try WatchedCommand.run(
        arguments[2], Array(arguments[3...]), folder: arguments[1], watching: arguments[1], road: .byAnyProcess)
    try say(files.isComplete ? "complete" : "incomplete")
default:
    Process.exit(64)
}
