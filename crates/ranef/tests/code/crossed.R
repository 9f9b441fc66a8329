# diameter ~ 1 + (1 | plate) + (1 | sample) in R
library(lme4)
# Write the data first: ranef data Penicillin --csv > Penicillin.csv
Penicillin <- read.csv("Penicillin.csv", na.strings = c("", "NA", "NaN", "null", "."), check.names = FALSE)
fit <- lmer(diameter ~ 1 + (1 | plate) + (1 | sample), data = Penicillin)
summary(fit)
table <- coef(summary(fit))
cbind(table, "Pr(>|t|)" = 2 * pt(-abs(table[, "t value"]), nobs(fit) - length(fixef(fit))))
