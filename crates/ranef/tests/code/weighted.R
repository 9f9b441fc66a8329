# score ~ ses + offset(2 * ses) + (1 | school) in R
library(lme4)
pupils <- read.csv("pupils.csv", na.strings = c("", "NA", "NaN", "null", "."), check.names = FALSE)
pupils$item <- factor(pupils$item)
fit <- lmer(score ~ ses + offset(2 * ses) + (1 | school), data = pupils, weights = w, offset = o)
summary(fit)
table <- coef(summary(fit))
cbind(table, "Pr(>|z|)" = 2 * pnorm(-abs(table[, "t value"])))
