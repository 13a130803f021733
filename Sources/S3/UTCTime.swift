import Platform

/// A second of Coordinated Universal Time, and the texts that S3 and its surroundings write it in.
struct UTCTime: Hashable, Sendable, Comparable {
    /// Since 1970-01-01T00:00:00Z.
    var seconds: Int64

    init(seconds: Int64) {
        self.seconds = seconds
    }

    static var now: UTCTime { UTCTime(seconds: FileStatus.Time.now.seconds) }

    static func < (left: UTCTime, right: UTCTime) -> Bool { left.seconds < right.seconds }
    static func + (time: UTCTime, seconds: Int64) -> UTCTime { UTCTime(seconds: time.seconds &+ seconds) }
    static func - (left: UTCTime, right: UTCTime) -> Int64 { left.seconds &- right.seconds }

    private init?(year: Int, month: Int, day: Int, hour: Int, minute: Int, second: Int, zone: Int = 0) {
        guard (1...9999).contains(year), (1...12).contains(month), (1...31).contains(day), (0..<24).contains(hour),
            (0..<60).contains(minute), (0...60).contains(second)
        else { return nil }
        // Days since 1970 with years that begin in March, so that the leap day comes last.
        let marchYear = month > 2 ? year : year - 1
        let era = marchYear / 400, yearOfEra = marchYear % 400
        let dayOfYear = (153 * ((month + 9) % 12) + 2) / 5 + day - 1
        let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
        let days = era * 146_097 + dayOfEra - 719_468
        seconds = Int64(days * 86_400 + hour * 3600 + minute * 60 + second - zone)
    }

    /// The date's three numbers.
    private var civil: (year: Int, month: Int, day: Int) {
        let days = Int((Double(seconds) / 86_400).rounded(.down)) + 719_468
        let era = days / 146_097, dayOfEra = days % 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let month = (5 * dayOfYear + 2) / 153
        return (
            yearOfEra + era * 400 + (month >= 10 ? 1 : 0), month < 10 ? month + 3 : month - 9,
            dayOfYear - (153 * month + 2) / 5 + 1
        )
    }

    private static func padded(_ number: Int, _ digits: Int = 2) -> String {
        let text = String(number)
        return String(repeating: "0", count: max(0, digits - text.count)) + text
    }

    /// As in `20150830`.
    var basicDate: String {
        let (year, month, day) = civil
        return Self.padded(year, 4) + Self.padded(month) + Self.padded(day)
    }

    /// As in `20150830T123600Z`.
    var basic: String {
        let second = Int(((seconds % 86_400) + 86_400) % 86_400)
        return basicDate + "T" + Self.padded(second / 3600) + Self.padded(second / 60 % 60) + Self.padded(second % 60) + "Z"
    }

    /// What an HTTP `Date` header says, as in `Sun, 06 Nov 1994 08:49:37 GMT`.
    ///
    /// Spec: RFC 9110, 5.6.7, IMF-fixdate.
    init?(httpDate text: String) {
        let words = text.split(separator: " ")
        guard words.count == 6, words[5] == "GMT", let day = Int(words[1]), let year = Int(words[3]),
            let month = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
                .firstIndex(of: String(words[2]))
        else { return nil }
        let clock = words[4].split(separator: ":").map { Int($0) }
        guard clock.count == 3, let hour = clock[0], let minute = clock[1], let second = clock[2] else { return nil }
        self.init(year: year, month: month + 1, day: day, hour: hour, minute: minute, second: second)
    }

    /// A timestamp such as `2026-01-02T03:04:05Z`, `2026-01-02T03:04:05.678+01:00` or `20260102T030405Z`; one
    /// that names no zone is UTC, as old SSO caches write it (`2026-01-02T03:04:05UTC`).
    ///
    /// Spec: RFC 3339; ISO 8601, basic format.
    init?(timestamp text: String) {
        var rest = Substring(text)
        func number(_ digits: Int) -> Int? {
            let part = rest.prefix(digits)
            guard part.utf8.count == digits, part.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
            rest = rest.dropFirst(digits)
            return Int(part)
        }
        func skip(_ separators: String) -> Bool {
            guard let first = rest.first, separators.contains(first) else { return false }
            rest.removeFirst()
            return true
        }
        guard let year = number(4) else { return nil }
        _ = skip("-")
        guard let month = number(2) else { return nil }
        _ = skip("-")
        guard let day = number(2), skip("Tt "), let hour = number(2) else { return nil }
        _ = skip(":")
        guard let minute = number(2) else { return nil }
        _ = skip(":")
        guard let second = number(2) else { return nil }
        if skip(".,") { rest = rest.drop { $0.isASCII && $0.isNumber } }
        var zone = 0
        if let sign = rest.first, sign == "+" || sign == "-" {
            rest.removeFirst()
            guard let hours = number(2) else { return nil }
            _ = skip(":")
            guard let minutes = number(2) else { return nil }
            zone = (sign == "+" ? 1 : -1) * (hours * 3600 + minutes * 60)
        } else if !["", "Z", "z", "UTC"].contains(rest) {
            return nil
        } else {
            rest = ""
        }
        guard rest.isEmpty else { return nil }
        self.init(year: year, month: month, day: day, hour: hour, minute: minute, second: second, zone: zone)
    }
}
