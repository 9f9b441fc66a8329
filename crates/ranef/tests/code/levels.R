# yield ~ relevel(Variety, "Victory") * factor(nitro) + (1 | Block/Variety) in R
library(lme4)
library(lmerTest)
# Write the data first: ranef data Oats --csv > Oats.csv
Oats <- read.csv("Oats.csv", na.strings = c("", "NA", "NaN", "null", "."), check.names = FALSE)
Oats$Variety <- factor(Oats$Variety, levels = sort(unique(Oats$Variety), method = "radix"))
fit <- lmer(yield ~ relevel(Variety, "Victory") * factor(nitro) + (1 | Block/Variety), data = Oats)
summary(fit)
