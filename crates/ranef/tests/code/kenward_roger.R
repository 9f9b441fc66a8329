# yield ~ nitro + (1 | Block/Variety) in R
library(lme4)
library(lmerTest)
# Write the data first: ranef data Oats --csv > Oats.csv
Oats <- read.csv("Oats.csv", na.strings = c("", "NA", "NaN", "null", "."), check.names = FALSE)
fit <- lmer(yield ~ nitro + (1 | Block/Variety), data = Oats)
summary(fit, ddf = "Kenward-Roger")
