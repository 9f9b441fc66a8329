/* Reaction ~ Days + (Days || Subject) in SAS */
/* Write the data first: ranef data sleepstudy --csv > sleepstudy.csv */
proc import datafile="sleepstudy.csv" out=sleepstudy dbms=csv replace;
  guessingrows=max;
run;
proc mixed data=sleepstudy method=ml;
  class Subject;
  model Reaction = Days / solution cl ddfm=satterthwaite;
  random intercept / subject=Subject;
  random Days / subject=Subject;
run;
