# Makes the small data sets of glmm_reference.R: Rscript glmm_data.R [FOLDER]
# Every response is drawn from the model that its case fits, with effects well away from zero.
# The files are what counts; the script says how they came about (R 4.2, default generators).
folder <- if (length(commandArgs(TRUE))) commandArgs(TRUE)[1] else "."
write <- function(d, name) write.csv(d, file.path(folder, name), row.names = FALSE, quote = FALSE)
label <- function(prefix, i, digits = 2) sprintf(paste0("%s%0", digits, "d"), prefix, i)
truncated <- function(draw) { # redraws zeros
  y <- draw()
  while (any(y == 0)) y[y == 0] <- draw()[y == 0]
  y
}

set.seed(20240611)
n <- 300
site <- rep(1:30, each = 10)
x <- round(rnorm(n), 3)
treat <- sample(c("a", "b"), n, TRUE)
exposure <- round(runif(n, 0.5, 3), 2)
a <- rnorm(30, 0, 0.6)[site]
s <- 0.5 * a + rnorm(30, 0, 0.25)[site]
eta <- 0.6 + 0.4 * x + 0.5 * (treat == "b") + a
mu <- exp(eta)
counts <- data.frame(site = label("s", site), x, treat, exposure)
counts$nb2 <- rnbinom(n, size = 1.8, mu = mu)
counts$nb1 <- rnbinom(n, size = mu / 1.3, mu = mu)
counts$exposed <- rpois(n, exposure * mu)
counts$sloped <- rpois(n, exp(eta + s * x))
counts$zip <- ifelse(runif(n) < 0.25, 0L, rpois(n, exp(eta + 0.4)))
counts$zinb <- ifelse(runif(n) < 0.25, 0L, rnbinom(n, size = 3, mu = exp(eta + 0.8)))
counts$positive <- truncated(function() rpois(n, mu))
counts$positive_nb <- truncated(function() rnbinom(n, size = 2.5, mu = exp(eta + 0.3)))
counts$hurdle <- ifelse(runif(n) < 0.35, 0L, truncated(function() rpois(n, mu)))
counts$hurdle_nb <- ifelse(runif(n) < 0.35, 0L, truncated(function() rnbinom(n, size = 2.5, mu = exp(eta + 0.3))))
counts$times <- sample(1:3, n, TRUE)

n <- 240
unit <- rep(1:24, each = 10)
x <- round(runif(n, -1.5, 1.5), 3)
treat <- sample(c("a", "b"), n, TRUE)
a <- rnorm(24, 0, 0.4)[unit]
s <- -0.4 * a + rnorm(24, 0, 0.2)[unit]
eta <- 1 + 0.3 * x - 0.4 * (treat == "b") + a
mu <- exp(eta)
inverse_gaussian <- function(mu, phi) { # Michael, Schucany and Haas (1976)
  v <- rnorm(length(mu))^2
  r <- mu + mu^2 * v * phi / 2 - mu * phi / 2 * sqrt(4 * mu * v / phi + mu^2 * v^2)
  ifelse(runif(length(mu)) <= mu / (mu + r), r, mu^2 / r)
}
amounts <- data.frame(unit = label("u", unit), x, treat)
amounts$gamma <- signif(rgamma(n, 3, 3 / mu), 5)
amounts$gamma_sloped <- signif(rgamma(n, 6, 6 / exp(eta + s * x)), 5)
amounts$level <- signif(mu + rnorm(n, 0, 0.5), 5)
amounts$waiting <- signif(inverse_gaussian(mu, 0.12), 5)
p <- plogis(eta - 1.2)
amounts$share <- round(rbeta(n, 12 * p, 12 * (1 - p)), 5)
amounts$score <- round(10 + 2 * eta + 1.5 * a + 1.2 * rt(n, 4), 4)
write(amounts, "amounts.csv")

n <- 480
person <- rep(1:40, each = 12)
item <- rep(1:12, 40)
school <- (person - 1) %/% 5 + 1
x <- round(rnorm(n), 3)
treat <- c("a", "b")[1 + (person %% 2)]
a <- rnorm(40, 0, 0.9)[person]
s <- 0.3 * a + rnorm(40, 0, 0.6)[person]
i <- rnorm(12, 0, 0.7)[item]
h <- rnorm(8, 0, 0.7)[school]
eta <- -0.2 + 0.6 * x + 0.5 * (treat == "b") + a
answers <- data.frame(person = label("p", person), item = label("i", item), school = paste0("h", school),
                      pupil = (person - 1) %% 5 + 1, x, treat)
answers$crossed <- rbinom(n, 1, plogis(eta + i))
answers$nested <- rbinom(n, 1, plogis(eta + h))
answers$sloped <- rbinom(n, 1, plogis(eta + s * x))
answers$probit <- rbinom(n, 1, pnorm(eta))
answers$cloglog <- rbinom(n, 1, 1 - exp(-exp(eta - 0.3)))
answers$cauchit <- rbinom(n, 1, pcauchy(eta))
answers$trials <- sample(1:9, n, TRUE)
answers$right <- rbinom(n, answers$trials, plogis(eta + i))
latent <- eta + i + s * x + rlogis(n)
answers$rating <- c("never", "rarely", "sometimes", "usually")[findInterval(latent, c(-1.5, 0.3, 1.8)) + 1]
write(answers, "answers.csv")

# A square root as the link: means well above zero (the last draw, so that the others stay).
site <- rep(1:30, each = 10)
a <- rnorm(30, 0, 0.5)[site]
counts$rooted <- rpois(300, (3 + 0.3 * counts$x + 0.5 * (counts$treat == "b") + a)^2)
# Slopes with overdispersion and with extra zeros.
a <- rnorm(30, 0, 0.5)
s <- (0.4 * a + rnorm(30, 0, 0.4))[site]
rate <- exp(0.8 + 0.3 * counts$x + 0.4 * (counts$treat == "b") + a[site] + s * counts$x)
counts$sloped_nb <- rnbinom(300, size = 3, mu = counts$exposure * rate)
counts$sloped_zip <- ifelse(runif(300) < 0.2, 0L, rpois(300, rate))
write(counts, "counts.csv")

# Facts, not made: bitterness of white wines, Randall (1989), Biometrical Journal 31, table 1.
wine <- ordinal::wine[c("rating", "temp", "contact", "judge")]
write(wine, "wine.csv")
