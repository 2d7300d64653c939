#!/bin/bash
# One secured node of a cluster of three: writes its settings, formats its folder the first time, starts it.
set -euo pipefail
umask 077
settings=/tmp/server.properties
modules=org.apache.kafka.common.security
cat > "$settings" <<END
process.roles=broker,controller
node.id=$NODE_ID
log.dirs=/var/lib/kafka/data
controller.quorum.voters=1@kafka-1:9093,2@kafka-2:9093,3@kafka-3:9093
controller.listener.names=CONTROLLER
listeners=SASL_SSL://:$CLIENT_PORT,BROKERS://:9092,CONTROLLER://:9093
advertised.listeners=SASL_SSL://$TERRITORY_HOST:$CLIENT_PORT,BROKERS://kafka-$NODE_ID:9092
listener.security.protocol.map=SASL_SSL:SASL_SSL,BROKERS:SASL_SSL,CONTROLLER:SASL_SSL
inter.broker.listener.name=BROKERS
sasl.enabled.mechanisms=SCRAM-SHA-512
sasl.mechanism.inter.broker.protocol=SCRAM-SHA-512
listener.name.brokers.scram-sha-512.sasl.jaas.config=$modules.scram.ScramLoginModule required username="estuaire-admin" password="$ADMIN_PASSWORD";
listener.name.sasl_ssl.scram-sha-512.sasl.jaas.config=$modules.scram.ScramLoginModule required;
sasl.mechanism.controller.protocol=PLAIN
listener.name.controller.sasl.enabled.mechanisms=PLAIN
listener.name.controller.plain.sasl.jaas.config=$modules.plain.PlainLoginModule required username="controller" password="$CONTROLLER_PASSWORD" user_controller="$CONTROLLER_PASSWORD";
ssl.keystore.type=PEM
ssl.keystore.location=/tls/server.pem
ssl.truststore.type=PEM
ssl.truststore.location=/tls/authority.pem
authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer
allow.everyone.if.no.acl.found=false
super.users=User:estuaire-admin;User:controller
auto.create.topics.enable=false
default.replication.factor=3
min.insync.replicas=2
offsets.topic.replication.factor=3
transaction.state.log.replication.factor=3
transaction.state.log.min.isr=2
share.coordinator.state.topic.replication.factor=3
share.coordinator.state.topic.min.isr=2
END
/opt/kafka/bin/kafka-storage.sh format --ignore-formatted -t "$CLUSTER_ID" -c "$settings" \
  --add-scram "SCRAM-SHA-512=[name=estuaire-admin,password=$ADMIN_PASSWORD]"
exec /opt/kafka/bin/kafka-server-start.sh "$settings"
