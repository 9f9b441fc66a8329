# score ~ Machine + (Machine || Worker) in R
library(lme4)
library(lmerTest)
# Write the data first: ranef data Machines --csv > Machines.csv
Machines <- read.csv("Machines.csv", na.strings = c("", "NA", "NaN", "null", "."), check.names = FALSE)
Machines$Machine <- factor(Machines$Machine, levels = c("A", "B", "C"))
# lme4 keeps the columns of one term correlated in (Machine || Worker): here each has a term of its own.
fit <- lmer(score ~ Machine + (1 | Worker) + (0 + as.numeric(Machine == "B") | Worker) + (0 + as.numeric(Machine == "C") | Worker), data = Machines)
summary(fit)
