"""A run of the benchmark as text."""

TITLES = {
    "data": "git data", "data-add": "git data", "dvc": "DVC", "git": "plain Git", "openssl": "openssl", "cp": "cp"}
LIMITS = ("cp", "openssl", "nothing", "git")
MISSED = "missed"


def amount(value, unit="s"):
    if value is None:
        return "-"
    if unit == "MiB":
        return f"{value:.0f} MiB"
    return f"{value * 1000:.1f} ms" if value < 0.1 else f"{value * 1000:.0f} ms" if value < 1 else f"{value:.2f} s"


def ratio(value):
    return "-" if value is None else f"{value:.2f}"


def lay_out(lines):
    """Lines of cells in columns as wide as they need; numbers to the right."""
    widths = [max(len(line[column]) for line in lines) for column in range(len(lines[0]))]
    laid = []
    for line in lines:
        cells = [line[0].ljust(widths[0])]
        cells += [cell.rjust(width) for cell, width in zip(line[1:], widths[1:])]
        laid.append("  ".join(cells).rstrip())
    return "\n".join(laid)


def main_table(record):
    """One line for each job: limit, floor, git data, each peer, the target and how far it is."""
    peers = [name for name in record["parties"] if name not in ("data", "data-add", "floor", "git")]
    titles = [TITLES.get(peer, peer) for peer in peers]
    lines = [["job", "limit", "floor", "git data", *titles, "to reach", "", "ours/that", ""]]
    for row in record["rows"]:
        unit = row["unit"]
        measure = {name: figure["memory" if unit == "MiB" else "wall"] for name, figure in row["figures"].items()}
        limits = ", ".join(
            f"{TITLES.get(name, name)} {amount(measure[name])}" for name in LIMITS if name in measure and unit == "s")
        lines.append([
            row["title"], limits or "-", amount(measure.get("floor"), unit), amount(measure.get(row["ours"]), unit),
            *(amount(measure.get(peer), unit) for peer in peers), row["rule"], amount(row["target"], unit),
            ratio(row["ratio"]), MISSED if row["ratio"] and row["ratio"] > 1 else ""])
    return lay_out(lines)


def details(record):
    """Who took how much in each job: wall time, processor time, memory, and ours as a ratio to theirs."""
    lines = [["job", "who", "wall", "CPU", "memory", "ours/wall", "ours/CPU"]]
    for row in record["rows"]:
        if row["unit"] != "s":
            continue
        ours = row["figures"].get(row["ours"])
        for name, figure in row["figures"].items():
            lines.append([
                row["job"], TITLES.get(name, name), amount(figure["wall"]), amount(figure["cpu"]),
                amount(figure["memory"], "MiB"),
                ratio(ours["wall"] / figure["wall"]) if ours else "-",
                ratio(ours["cpu"] / figure["cpu"]) if ours and figure["cpu"] else "-"])
    return lay_out(lines)


def heading(record):
    versions = ", ".join(
        f"{TITLES.get(name, name)} {version}" for name, version in record["parties"].items() if name != "floor")
    lines = [
        f"{record['date']}, commit {record['commit']}, {record['cores']} cores, load {record['load']:.1f}, "
        f"scale {record['scale']:g}, medians of {record['times']}",
        versions]
    if record["missing"]:
        lines.append("not here: " + ", ".join(record["missing"]))
    return "\n".join(lines)
