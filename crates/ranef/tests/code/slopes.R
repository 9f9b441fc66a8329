# Reaction ~ Days + (Days | Subject) in R
library(lme4)
library(lmerTest)
# Write the data first: ranef data sleepstudy --csv > sleepstudy.csv
sleepstudy <- read.csv("sleepstudy.csv", na.strings = c("", "NA", "NaN", "null", "."), check.names = FALSE)
fit <- lmer(Reaction ~ Days + (Days | Subject), data = sleepstudy)
summary(fit)
