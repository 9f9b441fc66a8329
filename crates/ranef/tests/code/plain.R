# score ~ ses * treat in R
pupils <- read.csv("pupils.csv", na.strings = c("", "NA", "NaN", "null", "."), check.names = FALSE)
pupils$treat <- factor(pupils$treat, levels = c("ctrl", "high", "low"))
fit <- lm(score ~ ses * treat, data = pupils)
summary(fit)
