# score ~ ses + (ses | school) + (ses | item) in R
library(lme4)
library(lmerTest)
pupils <- read.csv("pupils.csv", na.strings = c("", "NA", "NaN", "null", "."), check.names = FALSE)
fit <- lmer(score ~ ses + (ses | school) + (ses | item), data = pupils)
summary(fit)
