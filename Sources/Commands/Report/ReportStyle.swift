/// The style sheet of a report. It is within `<style>`, where XML too must find no `<` and no `&`.
enum ReportStyle {
    static let text = #"""

        :root { color-scheme: light dark; --page: #ffffff; --ink: #1c2229; --muted: #5b6672; --line: #d7dce2; --soft: #f4f6f8;
          --link: #1a5fb4; --stage: #e6effb; --stage-line: #4a7dbf; --file: #f6f7f9; --file-line: #a3adb8; --source: #e5f4ea;
          --source-line: #3f8f5a; --stale: #fdebd3; --stale-line: #b85c00; --good: #1d7a40; --bad: #a85400;
          --s0: #1f6fc4; --s1: #d1570c; --s2: #2a8a4a; --s3: #8b4fc0; --s4: #b8860b; --s5: #c2367a; --s6: #128a93; --s7: #6b6b6b; }
        @media (prefers-color-scheme: dark) {
          :root { --page: #14181d; --ink: #e3e7ec; --muted: #98a3af; --line: #333c46; --soft: #1c2229; --link: #7db4f5;
            --stage: #1d3049; --stage-line: #6d9fdc; --file: #21272e; --file-line: #66717d; --source: #1b3626; --source-line: #62b37d;
            --stale: #43301a; --stale-line: #f0a04b; --good: #6ccb8d; --bad: #f0a04b;
            --s0: #6aaef5; --s1: #f59257; --s2: #6dcf8c; --s3: #c39bf0; --s4: #e2bd4a; --s5: #f082b5; --s6: #5cccd4; --s7: #b5b5b5; } }
        * { box-sizing: border-box; }
        body { margin: 0 auto; padding: 1.5rem clamp(0.8rem, 3vw, 2.5rem) 3rem; max-width: 80rem; background: var(--page);
          color: var(--ink); font: 15px/1.5 system-ui, "Segoe UI", "Helvetica Neue", Arial, sans-serif; }
        h1 { margin: 0; font-size: 1.7rem; overflow-wrap: anywhere; }
        h2 { margin: 2.2rem 0 0.6rem; font-size: 1.25rem; border-bottom: 1px solid var(--line); padding-bottom: 0.25rem; }
        h3 { margin: 0 0 0.5rem; font-size: 1.05rem; overflow-wrap: anywhere; }
        p { margin: 0.35rem 0; }
        a { color: var(--link); text-decoration: none; }
        a:hover, a:focus-visible { text-decoration: underline; }
        nav a { margin-right: 1rem; }
        code, pre, .node text { font-family: ui-monospace, "DejaVu Sans Mono", Menlo, Consolas, monospace; }
        code { font-size: 0.86em; overflow-wrap: anywhere; unicode-bidi: isolate; }
        pre { margin: 0; font-size: 0.84em; white-space: pre-wrap; overflow-wrap: anywhere; unicode-bidi: isolate; }
        q, td, dd, li { unicode-bidi: isolate; }
        .muted, footer { color: var(--muted); }
        footer { margin-top: 3rem; font-size: 0.85rem; }
        .tiles { display: flex; flex-wrap: wrap; gap: 0.6rem; margin: 1rem 0; padding: 0; list-style: none; }
        .tiles li { padding: 0.45rem 0.9rem; border: 1px solid var(--line); border-radius: 8px; background: var(--soft); }
        .tiles b { font-size: 1.15rem; }
        .tiles .good b, .badge.good, p.good { color: var(--good); }
        .tiles .bad b, .badge.bad, .cause { color: var(--bad); }
        .verdict { margin-top: 1rem; }
        section.verdict { padding: 0.2rem 1rem 0.7rem; border-left: 4px solid var(--stale-line); background: var(--stale); border-radius: 4px; }
        section.verdict h2 { margin: 0.5rem 0 0.2rem; border: 0; }
        section.verdict ul { margin: 0; padding-left: 1.2rem; overflow-wrap: anywhere; }
        section.verdict ul.many { columns: 18rem; }
        .badge { margin-left: 0.4rem; padding: 0.05rem 0.5rem; border: 1px solid currentColor; border-radius: 999px; font-size: 0.75rem;
          font-weight: 600; vertical-align: 1px; white-space: nowrap; }
        .wide { overflow-x: auto; max-width: 100%; }
        article { margin: 0.8rem 0; padding: 0.9rem 1.1rem; border: 1px solid var(--line); border-radius: 8px; scroll-margin-top: 0.5rem; }
        article:target, tr:target { outline: 2px solid var(--link); outline-offset: -1px; }
        dl { display: grid; grid-template-columns: max-content minmax(0, 1fr); gap: 0.2rem 1rem; margin: 0.4rem 0 0.7rem; }
        dt { color: var(--muted); }
        dd { margin: 0; overflow-wrap: anywhere; }
        table { border-collapse: collapse; font-size: 0.88rem; margin: 0.4rem 0; }
        th, td { padding: 0.28rem 0.7rem; border-bottom: 1px solid var(--line); text-align: left; vertical-align: top; }
        th { color: var(--muted); font-weight: 600; max-width: 18rem; vertical-align: bottom; }
        .value { text-align: right; white-space: nowrap; font-variant-numeric: tabular-nums; }
        th.value { white-space: normal; overflow-wrap: anywhere; min-width: 5rem; }
        th small { display: block; font-weight: 400; }
        td { max-width: 34rem; overflow-wrap: break-word; }
        td:first-child, td:nth-child(2) { white-space: nowrap; }
        .files td { white-space: normal; overflow-wrap: anywhere; }
        .files td .value, .files .value { white-space: nowrap; }
        .files table { min-width: 34rem; }
        th.parameter { font-style: italic; }
        .changed { font-weight: 700; background: var(--soft); }
        .files { min-width: 44rem; width: 100%; }
        .files > tbody > tr > td:first-child { min-width: 12rem; }
        .old { color: var(--bad); }
        .new { color: var(--good); }
        summary { cursor: pointer; color: var(--link); margin: 0.3rem 0; }
        figure { margin: 0; min-width: 0; }
        figcaption { font-weight: 600; font-size: 0.9rem; overflow-wrap: anywhere; }
        .charts { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 24rem), 1fr)); gap: 1rem 1.5rem; margin: 0.6rem 0; }
        .chart > svg { width: 100%; max-width: 560px; height: auto; }
        .legend { display: flex; flex-wrap: wrap; gap: 0.2rem 1.1rem; margin: 0.2rem 0; padding: 0; list-style: none;
          font-size: 0.82rem; color: var(--muted); overflow-wrap: anywhere; }
        .key { display: inline-block; width: 1.1rem; height: 0.75rem; border: 1.5px solid; border-radius: 3px; vertical-align: -1px; }
        .key.stage { background: var(--stage); border-color: var(--stage-line); }
        .key.file { background: var(--file); border-color: var(--file-line); }
        .key.source { background: var(--source); border-color: var(--source-line); border-radius: 999px; }
        .key.stale { background: var(--stale); border: 1.5px dashed var(--stale-line); }
        #graph { display: block; max-width: 100%; height: auto; }
        .node text { font-size: 12px; fill: var(--ink); text-anchor: middle; }
        .node .note { font-size: 11px; fill: var(--muted); }
        .node rect { stroke-width: 1.4; }
        .node.stage rect { fill: var(--stage); stroke: var(--stage-line); }
        .node.file rect { fill: var(--file); stroke: var(--file-line); stroke-width: 1; }
        .node.source rect { fill: var(--source); stroke: var(--source-line); }
        .node.stale rect { fill: var(--stale); stroke: var(--stale-line); stroke-dasharray: 5 3; stroke-width: 1.8; }
        .node.stale .note { fill: var(--bad); font-weight: 700; }
        a.node:hover rect, a.node:focus-visible rect { stroke-width: 3; }
        .edge { fill: none; stroke: var(--file-line); stroke-width: 1.2; }
        .edge.stale { stroke: var(--stale-line); stroke-dasharray: 5 3; }
        .arrow { fill: var(--file-line); }
        .grid { stroke: var(--line); stroke-width: 1; }
        .axis { fill: none; stroke: var(--muted); stroke-width: 1; }
        .tick { font-size: 11px; fill: var(--muted); text-anchor: middle; }
        .tick.end { text-anchor: end; }
        .line { fill: none; stroke-width: 2; stroke-linejoin: round; }
        .point { stroke: var(--page); stroke-width: 1; }
        .point:hover { stroke: var(--ink); stroke-width: 2; }
        .line.s0 { stroke: var(--s0); } .point.s0 { fill: var(--s0); }
        .line.s1 { stroke: var(--s1); stroke-dasharray: 7 3; } .point.s1 { fill: var(--s1); }
        .line.s2 { stroke: var(--s2); stroke-dasharray: 2 3; } .point.s2 { fill: var(--s2); }
        .line.s3 { stroke: var(--s3); stroke-dasharray: 8 3 2 3; } .point.s3 { fill: var(--s3); }
        .line.s4 { stroke: var(--s4); } .point.s4 { fill: var(--s4); }
        .line.s5 { stroke: var(--s5); stroke-dasharray: 7 3; } .point.s5 { fill: var(--s5); }
        .line.s6 { stroke: var(--s6); stroke-dasharray: 2 3; } .point.s6 { fill: var(--s6); }
        .line.s7 { stroke: var(--s7); stroke-dasharray: 8 3 2 3; } .point.s7 { fill: var(--s7); }
        @media (max-width: 40rem) {
          dl { grid-template-columns: minmax(0, 1fr); gap: 0; } dd { margin-bottom: 0.4rem; }
          article { padding: 0.7rem; } }
        @media print {
          :root { --page: #ffffff; --ink: #000000; --muted: #444444; }
          body { max-width: none; padding: 0; font-size: 10pt; }
          nav { display: none; }
          .wide { overflow: visible; }
          #graph { min-width: 0 !important; }
          article, figure, tr { break-inside: avoid; }
          * { print-color-adjust: exact; } }

        """#
}
