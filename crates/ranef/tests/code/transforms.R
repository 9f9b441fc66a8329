# log(score + 1) ~ poly(ses, 2) + scale(`pre test`) + I(ses > 0) + ns(ses, 3) + (1 | school) in R
library(lme4)
library(lmerTest)
library(splines)
pupils <- read.csv("pupils.csv", na.strings = c("", "NA", "NaN", "null", "."), check.names = FALSE)
fit <- lmer(log(score + 1) ~ poly(ses, 2) + scale(`pre test`) + I(ses > 0) + ns(ses, 3) + (1 | school), data = pupils)
summary(fit)
