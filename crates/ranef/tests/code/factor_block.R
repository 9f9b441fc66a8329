# score ~ Machine + (0 + Machine | Worker) in R
library(lme4)
library(lmerTest)
# Write the data first: ranef data Machines --csv > Machines.csv
Machines <- read.csv("Machines.csv", na.strings = c("", "NA", "NaN", "null", "."), check.names = FALSE)
Machines$Machine <- factor(Machines$Machine, levels = c("A", "B", "C"))
fit <- lmer(score ~ Machine + (0 + Machine | Worker), data = Machines)
summary(fit)
