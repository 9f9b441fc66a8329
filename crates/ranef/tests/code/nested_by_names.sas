/* score ~ ses + (ses | school) + (1 | class) in SAS */
proc import datafile="pupils.csv" out=pupils dbms=csv replace;
  guessingrows=max;
run;
proc mixed data=pupils method=reml;
  class school class;
  model score = ses / solution cl ddfm=satterthwaite;
  random intercept ses / subject=school type=un;
  random intercept / subject=class;
run;
