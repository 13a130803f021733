"""How good the forest is on rows that it has not seen."""
import json

import joblib
import numpy
from sklearn.metrics import accuracy_score, confusion_matrix, f1_score

rows = numpy.loadtxt("work/test.csv", delimiter=",", skiprows=1)
expected = rows[:, -1]
found = joblib.load("models/wine.joblib").predict(rows[:, :-1])
scores = {"accuracy": accuracy_score(expected, found), "f1": f1_score(expected, found, average="macro")}
with open("reports/metrics.json", "w") as file:
    json.dump({name: round(value, 6) for name, value in scores.items()}, file, indent=2)
numpy.savetxt("reports/confusion.csv", confusion_matrix(expected, found), fmt="%d", delimiter=",")
