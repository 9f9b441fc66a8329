# strength ~ 1 + (1 | batch/cask) in R
library(lme4)
library(lmerTest)
# Write the data first: ranef data Pastes --csv > Pastes.csv
Pastes <- read.csv("Pastes.csv", na.strings = c("", "NA", "NaN", "null", "."), check.names = FALSE)
fit <- lmer(strength ~ 1 + (1 | batch/cask), data = Pastes)
summary(fit)
