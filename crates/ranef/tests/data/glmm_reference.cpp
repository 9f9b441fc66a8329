// Joint negative log-likelihood of a generalised linear mixed model, for TMB.
//
// It is written apart from glmmTMB, ordinal and lme4, so that glmm_reference.R can hold each of
// them against it and can give reference values where none of them has the family. Random effects
// are b = Lambda u with u ~ N(0, I): TMB integrates u by Laplace with the observed Hessian.
#include <TMB.hpp>

enum Family { POISSON = 1, NBINOM2, NBINOM1, GAMMA, GAUSSIAN, INVERSE_GAUSSIAN, BETA, STUDENT, BINOMIAL, ORDINAL };
enum Link { LOG = 1, IDENTITY, INVERSE, SQRT, LOGIT, PROBIT, CLOGLOG, CAUCHIT };
enum Zeros { NONE = 0, TRUNCATED, INFLATED, HURDLE };

template <class Type>
Type probability(Type eta, int link) {
  switch (link) {
    case LOGIT: return invlogit(eta);
    case PROBIT: return pnorm(eta, Type(0), Type(1));
    case CLOGLOG: return Type(1) - exp(-exp(eta));
    default: return atan(eta) / Type(M_PI) + Type(0.5);
  }
}

template <class Type>
Type inverse_link(Type eta, int link) {
  switch (link) {
    case LOG: return exp(eta);
    case IDENTITY: return eta;
    case INVERSE: return Type(1) / eta;
    case SQRT: return eta * eta;
    default: return probability(eta, link);
  }
}

// Log-density of an untruncated response with mean mu.
template <class Type>
Type log_density(Type y, Type mu, const vector<Type>& log_dispersion, int family) {
  Type phi = log_dispersion.size() > 0 ? exp(log_dispersion(0)) : Type(1);
  switch (family) {
    case POISSON: return y * log(mu) - mu - lgamma(y + Type(1));
    case NBINOM2: // variance mu + mu^2 / phi
      return lgamma(y + phi) - lgamma(phi) - lgamma(y + Type(1)) + phi * log(phi / (phi + mu)) + y * log(mu / (phi + mu));
    case NBINOM1: { // variance mu (1 + phi)
      Type size = mu / phi;
      return lgamma(y + size) - lgamma(size) - lgamma(y + Type(1)) - size * log(Type(1) + phi) + y * log(phi / (Type(1) + phi));
    }
    case GAMMA: // shape phi, variance mu^2 / phi
      return phi * log(phi / mu) + (phi - Type(1)) * log(y) - phi * y / mu - lgamma(phi);
    case GAUSSIAN: { // standard deviation phi
      Type z = (y - mu) / phi;
      return -Type(0.5) * log(Type(2 * M_PI)) - log(phi) - Type(0.5) * z * z;
    }
    case INVERSE_GAUSSIAN: // variance phi mu^3
      return -Type(0.5) * (log(Type(2 * M_PI) * phi * y * y * y) + (y - mu) * (y - mu) / (phi * mu * mu * y));
    case BETA: // precision phi, variance mu (1 - mu) / (1 + phi)
      return lgamma(phi) - lgamma(mu * phi) - lgamma((Type(1) - mu) * phi) + (mu * phi - Type(1)) * log(y) +
             ((Type(1) - mu) * phi - Type(1)) * log(Type(1) - y);
    default: { // STUDENT: scale phi, degrees of freedom from the second parameter
      Type df = exp(log_dispersion(1));
      Type z = (y - mu) / phi;
      return lgamma((df + Type(1)) / Type(2)) - lgamma(df / Type(2)) - Type(0.5) * log(Type(M_PI) * df) - log(phi) -
             (df + Type(1)) / Type(2) * log(Type(1) + z * z / df);
    }
  }
}

template <class Type>
Type objective_function<Type>::operator()() {
  DATA_INTEGER(family);
  DATA_INTEGER(link);
  DATA_INTEGER(zeros);
  DATA_VECTOR(y);       // response; successes; category 1..C
  DATA_VECTOR(size);    // trials
  DATA_VECTOR(weights); // multiply the log-likelihood
  DATA_VECTOR(offset);
  DATA_MATRIX(X);
  DATA_SPARSE_MATRIX(Z);
  DATA_IVECTOR(width);  // of each random-effects term
  DATA_IVECTOR(levels); // of each random-effects term
  PARAMETER_VECTOR(beta);
  PARAMETER_VECTOR(lambda); // entries of each term's lower triangle, column by column
  PARAMETER_VECTOR(log_dispersion);
  PARAMETER_VECTOR(logit_zero);
  PARAMETER_VECTOR(threshold);
  PARAMETER_VECTOR(u);

  vector<Type> b(u.size());
  int at = 0, entry = 0;
  for (int t = 0; t < width.size(); t++) {
    int k = width(t);
    matrix<Type> L(k, k);
    L.setZero();
    for (int j = 0; j < k; j++)
      for (int i = j; i < k; i++) L(i, j) = lambda(entry++);
    for (int l = 0; l < levels(t); l++, at += k)
      for (int i = 0; i < k; i++) {
        Type sum = 0;
        for (int j = 0; j <= i; j++) sum += L(i, j) * u(at + j);
        b(at + i) = sum;
      }
  }
  Type value = 0;
  for (int i = 0; i < u.size(); i++) value += Type(0.5) * (u(i) * u(i) + log(Type(2 * M_PI)));

  vector<Type> eta = X * beta + Z * b + offset;
  vector<Type> mu(y.size());
  for (int i = 0; i < y.size(); i++) {
    Type logp;
    if (family == ORDINAL) {
      int c = CppAD::Integer(y(i)), top = threshold.size() + 1;
      Type upper = c == top ? Type(1) : probability(Type(threshold(c - 1) - eta(i)), link);
      Type lower = c == 1 ? Type(0) : probability(Type(threshold(c - 2) - eta(i)), link);
      logp = log(upper - lower);
      mu(i) = upper - lower;
    } else if (family == BINOMIAL) {
      Type p = probability(eta(i), link);
      mu(i) = p;
      logp = lgamma(size(i) + Type(1)) - lgamma(y(i) + Type(1)) - lgamma(size(i) - y(i) + Type(1));
      if (link == LOGIT) logp += y(i) * eta(i) - size(i) * logspace_add(Type(0), eta(i));
      else if (link == CLOGLOG) logp += y(i) * log(p) - (size(i) - y(i)) * exp(eta(i));
      else logp += y(i) * log(p) + (size(i) - y(i)) * log(Type(1) - p);
    } else {
      mu(i) = inverse_link(eta(i), link);
      logp = log_density(y(i), mu(i), log_dispersion, family);
      if (zeros != NONE) {
        Type at_zero = log_density(Type(0), mu(i), log_dispersion, family);
        if (zeros == TRUNCATED) logp -= logspace_sub(Type(0), at_zero);
        else {
          Type log_p = -logspace_add(Type(0), Type(-logit_zero(0)));
          Type log_q = -logspace_add(Type(0), Type(logit_zero(0)));
          if (zeros == INFLATED) logp = y(i) == Type(0) ? logspace_add(log_p, Type(log_q + logp)) : log_q + logp;
          else logp = y(i) == Type(0) ? log_p : log_q + logp - logspace_sub(Type(0), at_zero);
        }
      }
    }
    value -= weights(i) * logp;
  }
  REPORT(b);
  REPORT(eta);
  REPORT(mu);
  return value;
}
