"""The wine's rows, without their first line of counts, as a table with a header."""
import numpy

NAMES = (
    "alcohol malic_acid ash alcalinity magnesium phenols flavanoids nonflavanoids proanthocyanins intensity hue dilution proline"
).split()

rows = numpy.loadtxt("data/wine.csv", delimiter=",", skiprows=1)
rows = rows[numpy.isfinite(rows).all(axis=1)]
numpy.savetxt("work/clean.csv", rows, fmt="%.10g", delimiter=",", header=",".join([*NAMES, "class"]), comments="")
