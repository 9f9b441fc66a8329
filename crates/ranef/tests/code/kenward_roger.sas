/* yield ~ nitro + (1 | Block/Variety) in SAS */
/* Write the data first: ranef data Oats --csv > Oats.csv */
proc import datafile="Oats.csv" out=Oats dbms=csv replace;
  guessingrows=max;
run;
proc mixed data=Oats method=reml;
  class Variety Block;
  model yield = nitro / solution cl ddfm=kenwardroger;
  random intercept / subject=Variety*Block;
  random intercept / subject=Block;
run;
