/* diameter ~ 1 + (1 | plate) + (1 | sample) in SAS */
/* Write the data first: ranef data Penicillin --csv > Penicillin.csv */
proc import datafile="Penicillin.csv" out=Penicillin dbms=csv replace;
  guessingrows=max;
run;
proc mixed data=Penicillin method=reml;
  class plate sample;
  model diameter = / solution cl ddfm=residual;
  random intercept / subject=plate;
  random intercept / subject=sample;
run;
