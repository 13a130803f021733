"""A forest, as a file."""
import tomllib

import joblib
import numpy
from sklearn.ensemble import RandomForestClassifier

with open("params.toml", "rb") as file:
    params = tomllib.load(file)["train"]
rows = numpy.loadtxt("work/train.csv", delimiter=",", skiprows=1)
model = RandomForestClassifier(n_estimators=params["trees"], max_depth=params["depth"], random_state=params["seed"])
joblib.dump(model.fit(rows[:, :-1], rows[:, -1]), "models/wine.joblib")
