# score ~ 0 + treat + treat:ses + C(treat, helmert):o + (1 | school) in R
library(lme4)
library(lmerTest)
pupils <- read.csv("pupils.csv", na.strings = c("", "NA", "NaN", "null", "."), check.names = FALSE)
pupils$treat <- factor(pupils$treat, levels = c("ctrl", "high", "low"))
fit <- lmer(score ~ 0 + treat + treat:ses + C(treat, helmert):o + (1 | school), data = pupils)
summary(fit)
