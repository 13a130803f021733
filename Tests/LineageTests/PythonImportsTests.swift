import Lineage
import XCTest

final class PythonImportsTests: XCTestCase {
    private func modules(_ source: String) -> [String] {
        PythonImports.modules(ofScript: Array(source.utf8)).sorted()
    }

    func testStatementsWhereverTheyStand() {
        let cases: [(String, [String])] = [
            ("import numpy", ["numpy"]), ("import numpy as np, pandas.core as pc", ["numpy", "pandas"]),
            ("from sklearn.svm import SVC", ["sklearn"]), ("from . import x\nfrom .y import z\nfrom ..w import v", []),
            ("try:\n    import torch\nexcept ImportError: import jax\n", ["jax", "torch"]),
            ("x = 1; import os;from sys import argv", ["os", "sys"]), ("if True: import a", ["a"]),
            ("from a import (b,\n  c, # import d\n  e)\nimport f", ["a", "f"]), ("import a, \\\n   b\n", ["a", "b"]),
            ("import a\r\nimport b\r\n", ["a", "b"]), ("from\ta\timport b", ["a"]), ("import größe", ["größe"]),
            ("\"\"\"\nimport no\n\"\"\"\nimport yes", ["yes"]), ("x = 'import no'\n# import no\nimport yes", ["yes"]),
            ("'''a\\'''\nimport no'''\nimport yes", ["yes"]), ("x = {'a': important, 'b': 1}\nimport yes", ["yes"]),
            ("important = 1\nimported = 2\nfrom_ = 3\n", []), ("f(import_x)\nd[1:import_y]\n", []),
            ("s = \"a\\\"\nimport no", ["no"]), ("def f(a: int) -> b:\n  import c", ["c"]), ("", []), ("import", []), ("from ", []),
            ("import 1a, -b", []), ("yield from x\nraise E from e\n", []),
        ]
        for (source, expected) in cases { XCTAssertEqual(modules(source), expected, source) }
    }

    func testEveryTruncationEnds() {
        let source = Array("'''a'''\nimport a, \\\n b;from c.d import (e,\nf)\nx = {\"g\": [1:2]} # h\n".utf8)
        for count in 0...source.count { _ = PythonImports.modules(ofScript: Array(source[..<count])) }
    }

    func testNotebooks() {
        let json = #"{"cells": [{"cell_type": "markdown", "source": "import no"}, {"cell_type": "code", "source": ["%matplotlib inline\n", "!pip install no\n", "import a\n", "from b import c"]}, {"cell_type": "code", "source": "import d"}]}"#
        XCTAssertEqual(PythonImports.modules(ofNotebook: Array(json.utf8)).sorted(), ["a", "b", "d"])
        XCTAssertEqual(PythonImports.modules(ofNotebook: Array(json.replacing("\\n", with: "\\r\\n").utf8)).sorted(), ["a", "b", "d"])
        XCTAssertEqual(PythonImports.modules(ofNotebook: Array("[]".utf8)), [])
    }
}
