# Writes the built-in data sets from R's packages lme4, nlme and datasets:
#
#     Rscript make.R && zstd --rm --ultra -22 *.columns
#
# A table lies on its side, because columns compress better than rows (InstEval: 151 kB instead
# of 420 kB). Each column takes two lines with tabs between the words: its name, its type
# (`number` or `factor`) and, for a factor, the levels in R's order; then the numbers with 15
# digits, or the codes of the levels from 1.

write_columns <- function(name, data) {
  lines <- character()
  for (column in names(data)) {
    x <- data[[column]]
    if (is.factor(x)) {
      lines <- c(lines, paste(c(column, "factor", levels(x)), collapse = "\t"),
                 paste(as.integer(x), collapse = "\t"))
    } else {
      lines <- c(lines, paste(c(column, "number"), collapse = "\t"),
                 paste(format(x, digits = 15, trim = TRUE, drop0trailing = TRUE, scientific = FALSE), collapse = "\t"))
    }
  }
  writeLines(lines, paste0(name, ".columns"), useBytes = TRUE)
}

from <- function(name, package) {
  space <- new.env()
  utils::data(list = name, package = package, envir = space)
  as.data.frame(get(name, space))
}

for (name in c("sleepstudy", "Dyestuff", "Dyestuff2", "Penicillin", "Pastes",
               "cbpp", "grouseticks", "VerbAgg", "InstEval")) {
  write_columns(name, from(name, "lme4"))
}
# The oven temperature is an ordered factor in R and numbers here, as it would be from a CSV.
cake <- from("cake", "lme4")
cake$temperature <- as.numeric(as.character(cake$temperature))
write_columns("cake", cake)
write_columns("ChickWeight", as.data.frame(datasets::ChickWeight))
for (name in c("Orthodont", "Machines", "Oats")) {
  write_columns(name, from(name, "nlme"))
}

# sleepstudy made unbalanced: rows removed and a grouping of the subjects added, to have
# something for which degrees of freedom differ between methods. Given as a CSV file.
unbalanced <- commandArgs(trailingOnly = TRUE)
if (length(unbalanced) == 1) {
  data <- read.csv(unbalanced, stringsAsFactors = TRUE)
  data$Subject <- factor(data$Subject)
  write_columns("sleep_unbal", data)
}
