import Diagnostics
import Platform
import XCTest

@testable import Commands

final class ArgumentParserTests: XCTestCase {
    private enum Colour: String, CaseIterable, Sendable {
        case red, green
    }

    private static let dryRun = Flag("dry-run", short: "n", "do nothing")
    private static let dryness = Flag("dryness", "be dry")
    private static let verify = Flag("verify", short: "V", "verify", negatable: true)
    private static let size = Value<Int64>("size", short: "s", "SIZE", "how much", parse: .byteCount)
    private static let include = Values<String>("include", short: "I", "PATTERN", "what", parse: .text)
    private static let colour = Value<Colour>("colour", "COLOUR", "which", parse: .choice)
    private static let check = OptionalValue<String>("check", short: "c", "NAME", "whether", parse: .text)
    private static let first = Operand<BytePath>("FIRST", "one", parse: .path)
    private static let rest = Operands("REST", "all others")
    private static let last = Operand<Int>("LAST", "a number", parse: .wholeNumber)

    private static let options: [any OptionKey] = [dryRun, dryness, verify, size, include, colour, check]

    private func declaration(
        _ operands: [any OperandKey] = [rest], order: OptionOrder = .anywhere, passed: PassedOptions? = nil
    ) -> Declaration {
        Declaration(
            "test", group: .files, summary: "test", options: Self.options, operands: operands, optionOrder: order,
            passedOptions: passed)
    }

    private func parse(_ arguments: BytePath..., for declaration: Declaration? = nil) throws -> ParsedArguments {
        guard case .parsed(let parsed, _) = try ArgumentParser.parse(arguments[...], for: declaration ?? self.declaration())
        else { throw UsageError("help was asked for") }
        return parsed
    }

    private func message(_ arguments: BytePath..., for declaration: Declaration? = nil) -> String? {
        do throws(UsageError) {
            _ = try ArgumentParser.parse(arguments[...], for: declaration ?? self.declaration())
            return nil
        } catch {
            return error.message
        }
    }

    // MARK: what is understood

    func testShortOptionsStandTogether() throws {
        let parsed = try parse("-nV", "-qv")
        XCTAssertTrue(parsed[Self.dryRun])
        XCTAssertTrue(parsed[Self.verify])
        XCTAssertTrue(parsed[CommonOptions.quiet])
        XCTAssertTrue(parsed[CommonOptions.verbose])
        XCTAssertFalse(parsed[Self.dryness])
    }

    func testTheLastOfAClusterTakesTheValue() throws {
        XCTAssertEqual(try parse("-ns5")[Self.size], 5)
        XCTAssertEqual(try parse("-ns", "5")[Self.size], 5)
        XCTAssertEqual(try parse("-InV")[Self.include], ["nV"])
    }

    func testLongOptionTakesItsValueEitherWay() throws {
        XCTAssertEqual(try parse("--size=2k")[Self.size], 2048)
        XCTAssertEqual(try parse("--size", "2k")[Self.size], 2048)
        XCTAssertEqual(try parse("--size", "1", "--size=2")[Self.size], 2)
    }

    func testValueMayHoldEqualSignsAndDashes() throws {
        XCTAssertEqual(try parse("--include=a=b", "-I-n", "-I", "--size")[Self.include], ["a=b", "-n", "--size"])
    }

    func testEmptyValueIsAValue() {
        XCTAssertEqual(message("--size="), "option '--size' expects a size such as 500k, 10M or 1GiB, not ''")
    }

    func testOptionalValueIsNeverTheNextArgument() throws {
        XCTAssertNil(try parse("x")[Self.check])
        guard case .bare = try parse("--check", "x")[Self.check] else { return XCTFail("not bare") }
        guard case .bare = try parse("-c", "x")[Self.check] else { return XCTFail("not bare") }
        guard case .value("y") = try parse("--check=y")[Self.check] else { return XCTFail("not y") }
        guard case .value("y") = try parse("-cy")[Self.check] else { return XCTFail("not y") }
    }

    func testFlagIsTakenBack() throws {
        XCTAssertFalse(try parse("--verify", "--no-verify")[Self.verify])
        XCTAssertEqual(try parse("--no-verify", "--verify")[ifGiven: Self.verify], true)
        XCTAssertEqual(try parse("--no-verify")[ifGiven: Self.verify], false)
        XCTAssertNil(try parse()[ifGiven: Self.verify])
    }

    func testUniquePrefixIsTheOption() throws {
        XCTAssertEqual(try parse("--siz=3")[Self.size], 3)
        XCTAssertTrue(try parse("--dry-")[Self.dryRun])
        XCTAssertEqual(try parse("--no-v")[ifGiven: Self.verify], false)
    }

    func testWholeNameIsNoPrefix() throws {
        let longer = Flag("sizes", "more")
        let declaration = Declaration("test", group: .files, summary: "test", options: [Self.size, longer])
        XCTAssertEqual(try parse("--size", "4", for: declaration)[Self.size], 4)
    }

    func testOptionsAndOperandsMix() throws {
        let parsed = try parse("a", "-n", "b", "--size", "1", "c")
        XCTAssertEqual(parsed[Self.rest], ["a", "b", "c"])
        XCTAssertTrue(parsed[Self.dryRun])
    }

    func testDoubleDashEndsOptions() throws {
        let parsed = try parse("-n", "--", "-V", "--", "--size")
        XCTAssertEqual(parsed[Self.rest], ["-V", "--", "--size"])
        XCTAssertFalse(parsed[Self.verify])
    }

    func testLoneDashIsAnOperand() throws {
        XCTAssertEqual(try parse("-")[Self.rest], ["-"])
    }

    func testOperandsGetTheirShare() throws {
        let three = declaration([Self.first, Self.rest, Self.last])
        let parsed = try parse("a", "b", "c", "7", for: three)
        XCTAssertEqual(try parsed[Self.first], "a")
        XCTAssertEqual(parsed[Self.rest], ["b", "c"])
        XCTAssertEqual(try parsed[Self.last], 7)
        XCTAssertEqual(try parse("a", "7", for: three)[Self.rest], [])
    }

    func testBytesThatAreNoTextStayAsTheyAre() throws {
        let name = BytePath(bytes: [0xff, 0x0a, 0x20])
        XCTAssertEqual(try parse("-n", name)[Self.rest], [name])
    }

    func testOptionsBeforeOperandsLeaveTheRestAlone() throws {
        let parsed = try parse("-n", "a", "-V", "--", "--nonsense", for: declaration(order: .beforeOperands))
        XCTAssertEqual(parsed[Self.rest], ["a", "-V", "--", "--nonsense"])
        XCTAssertFalse(parsed[Self.verify])
    }

    func testNowhereMeansThatAllAreOperands() throws {
        XCTAssertEqual(try parse("-n", "--", "-x", for: declaration(order: .nowhere))[Self.rest], ["-n", "--", "-x"])
    }

    func testUnknownOptionsArePassedOnWithTheirValues() throws {
        let passing = declaration(passed: PassedOptions("any of git clone", takingValues: ["--branch", "-b"]))
        let parsed = try parse("--branch", "main", "-n", "-b", "x", "--depth=1", "-b3", "url", for: passing)
        XCTAssertEqual(parsed.passedOn, ["--branch", "main", "-b", "x", "--depth=1", "-b3"])
        XCTAssertEqual(parsed[Self.rest], ["url"])
        XCTAssertTrue(parsed[Self.dryRun])
    }

    func testPassingCommandReadsNoAbbreviations() throws {
        let passing = declaration(passed: PassedOptions("any of git clone", takingValues: []))
        XCTAssertEqual(try parse("--siz", for: passing).passedOn, ["--siz"])
    }

    func testHelpIsAnsweredWhereverItStands() throws {
        for arguments: [BytePath] in [["--help"], ["a", "-n", "--help"], ["--help", "--nonsense"], ["--hel"]] {
            guard case .helpWanted = try ArgumentParser.parse(arguments[...], for: declaration()) else {
                return XCTFail("\(arguments)")
            }
        }
        for arguments: [BytePath] in [["-h"], ["a", "-nh"], ["-h", "--help"]] {
            guard case .usageWanted = try ArgumentParser.parse(arguments[...], for: declaration()) else {
                return XCTFail("\(arguments)")
            }
        }
    }

    // MARK: what is refused

    func testUnknownOptionsAreRefusedWithASuggestion() {
        XCTAssertEqual(message("--dry-rum"), "unknown option '--dry-rum'; did you mean '--dry-run'?")
        XCTAssertEqual(message("--incldue=x"), "unknown option '--incldue'; did you mean '--include'?")
        XCTAssertEqual(message("--elephant"), "unknown option '--elephant'")
        XCTAssertEqual(message("-x"), "unknown option '-x'")
        XCTAssertEqual(message("-nx"), "unknown option '-x'")
        XCTAssertEqual(message("-verify"), "unknown option '-e'; did you mean '--verify'?")
        XCTAssertEqual(message("-é"), "unknown option '-é'")
        XCTAssertEqual(message(BytePath(bytes: [0x2d, 0xff])), "unknown option '\"-\\377\"'")
        XCTAssertEqual(message(BytePath(bytes: Array("--a\u{1b}[2J".utf8))), "unknown option '\"--a\\033[2J\"'")
    }

    func testAmbiguousPrefixIsRefused() {
        XCTAssertEqual(message("--dry"), "option '--dry' is ambiguous (could be --dry-run or --dryness)")
    }

    func testMissingValueIsRefused() {
        XCTAssertEqual(message("--size"), "option '--size' needs a value: SIZE")
        XCTAssertEqual(message("-ns"), "option '-s' needs a value: SIZE")
    }

    func testFlagTakesNoValue() {
        XCTAssertEqual(message("--dry-run=yes"), "option '--dry-run' takes no value")
        XCTAssertEqual(message("--no-verify=1"), "option '--no-verify' takes no value")
    }

    func testValueOfTheWrongKindIsRefused() {
        XCTAssertEqual(message("--colour=blue"), "option '--colour' expects red, green, not 'blue'")
        XCTAssertEqual(message("-sx"), "option '-s' expects a size such as 500k, 10M or 1GiB, not 'x'")
        XCTAssertEqual(message("1", "x", for: declaration([Self.first, Self.last])), "LAST must be a whole number, not 'x'")
    }

    func testTooFewOrTooManyOperandsAreRefused() {
        XCTAssertEqual(message(for: declaration([Self.first])), "FIRST is missing")
        XCTAssertEqual(message("a", for: declaration([Self.first, Self.last])), "LAST is missing")
        XCTAssertEqual(message("a", "b", for: declaration([Self.first])), "unexpected argument 'b'")
    }
}
