"""What is in the other data set. Nothing else depends on it."""
import csv

from tabulate import tabulate

with open("data/cancer.csv") as file:
    rows = list(csv.reader(file))
names = rows[0][2:]
table = []
for number, name in enumerate(names):
    of_class = [row for row in rows[1:] if row[-1] == str(number)]
    table.append([name, len(of_class), round(sum(float(row[0]) for row in of_class) / len(of_class), 4)])
with open("reports/cancer.md", "w") as file:
    file.write(tabulate(table, headers=["class", "rows", "mean radius"], tablefmt="github") + "\n")
