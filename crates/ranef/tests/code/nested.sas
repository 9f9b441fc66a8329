/* strength ~ 1 + (1 | batch/cask) in SAS */
/* Write the data first: ranef data Pastes --csv > Pastes.csv */
proc import datafile="Pastes.csv" out=Pastes dbms=csv replace;
  guessingrows=max;
run;
proc mixed data=Pastes method=reml;
  class cask batch;
  model strength = / solution cl ddfm=satterthwaite;
  random intercept / subject=cask*batch;
  random intercept / subject=batch;
run;
