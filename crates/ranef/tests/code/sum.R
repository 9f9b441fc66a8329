# distance ~ age * Sex + (age | Subject) in R
library(lme4)
library(lmerTest)
# Write the data first: ranef data Orthodont --csv > Orthodont.csv
Orthodont <- read.csv("Orthodont.csv", na.strings = c("", "NA", "NaN", "null", "."), check.names = FALSE)
options(contrasts = c("contr.sum", "contr.poly"))
Orthodont$Sex <- factor(Orthodont$Sex, levels = c("Male", "Female"))
fit <- lmer(distance ~ age * Sex + (age | Subject), data = Orthodont)
summary(fit)
