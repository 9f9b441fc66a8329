/* score ~ ses + (ses | school) + (ses | item) in SAS */
proc import datafile="pupils.csv" out=pupils dbms=csv replace;
  guessingrows=max;
run;
proc mixed data=pupils method=reml;
  class school item;
  model score = ses / solution cl ddfm=satterthwaite;
  random intercept ses / subject=school type=un;
  random intercept ses / subject=item type=fa0(2);
run;
