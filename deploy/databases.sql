-- One database per service: no query may cross them.
CREATE DATABASE projects;
CREATE DATABASE contacts;
CREATE DATABASE events;
CREATE DATABASE notifications;
CREATE DATABASE identity;
