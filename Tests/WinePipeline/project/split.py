"""Rows to learn from, and rows to be asked about."""
import tomllib

import numpy
from sklearn.model_selection import train_test_split

with open("params.toml", "rb") as file:
    params = tomllib.load(file)["split"]
with open("work/clean.csv") as file:
    header = file.readline().strip()
    rows = numpy.loadtxt(file, delimiter=",")
parts = train_test_split(rows, test_size=params["share"], random_state=params["seed"], stratify=rows[:, -1])
for name, part in zip(["train", "test"], parts):
    numpy.savetxt(f"work/{name}.csv", part, fmt="%.10g", delimiter=",", header=header, comments="")
