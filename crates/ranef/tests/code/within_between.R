# weight ~ within(Time, Chick) * Diet + between(Time, Chick) + (within(Time, Chick) | Chick) in R
library(lme4)
library(lmerTest)
# Write the data first: ranef data ChickWeight --csv > ChickWeight.csv
ChickWeight <- read.csv("ChickWeight.csv", na.strings = c("", "NA", "NaN", "null", "."), check.names = FALSE)
ChickWeight$Diet <- factor(ChickWeight$Diet, levels = c("1", "2", "3", "4"))
ChickWeight$Time_within_Chick <- with(ChickWeight, Time - ave(Time, Chick, FUN = function(v) mean(v, na.rm = TRUE)))
ChickWeight$Time_between_Chick <- with(ChickWeight, ave(Time, Chick, FUN = function(v) mean(v, na.rm = TRUE)))
fit <- lmer(weight ~ Time_within_Chick + Diet + Time_between_Chick + Time_within_Chick:Diet + (Time_within_Chick | Chick), data = ChickWeight)
summary(fit)
