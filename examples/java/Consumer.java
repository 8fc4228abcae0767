// Status changes by the Java client: read committed, held against the schema, each handled once, however often sent.
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.MissingNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.networknt.schema.Schema;
import com.networknt.schema.SchemaRegistry;
import com.networknt.schema.SpecificationVersion;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.net.URISyntaxException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;

public final class Consumer {
  static final ObjectMapper JSON = new ObjectMapper().enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS);
  // An open list: whatever else comes is "other".
  static final Set<String> CHANNELS = Set.of("viber", "sms", "whatsapp", "push", "voice", "unknown");
  static final String SCHEMA_NAME = "status_changed.v1.schema.json";
  static final Map<String, String> OPTIONS = new HashMap<>(Map.of(
      "--bootstrap-servers", "127.0.0.1:9092",
      "--topics", "delivery.delivered.v1,delivery.seen.v1,delivery.failed.v1,delivery.answered.v1",
      "--group", "status-changes",
      "--store", "status-changes.journal",
      "--schema", "", // the repository's, two folders above this file
      "--until", "0")); // end after so many new events; 0: never

  static volatile boolean stopping;

  final Set<String> handled = new HashSet<>();
  final Map<String, Long> sequences = new HashMap<>();
  final Schema schema;
  final RandomAccessFile journal;

  /** Opens the store: one line for each effect with its id, written together. Your service has a database. */
  Consumer(Path store, String schema) throws IOException {
    this.schema = SchemaRegistry.withDefaultDialect(SpecificationVersion.DRAFT_2020_12).getSchema(schema);
    byte[] kept = Files.exists(store) ? Files.readAllBytes(store) : new byte[0];
    int whole = kept.length;
    while (whole > 0 && kept[whole - 1] != '\n') whole--; // a crash may have cut the last line
    for (String line : new String(kept, 0, whole, StandardCharsets.UTF_8).split("\n"))
      if (!line.isEmpty()) remember(JSON.readTree(line));
    journal = new RandomAccessFile(store.toFile(), "rw");
    journal.setLength(whole);
    journal.seek(whole);
  }

  public static void main(String[] arguments) throws Exception {
    for (int at = 0; at < arguments.length; at += 2)
      if (at + 1 == arguments.length || OPTIONS.replace(arguments[at], arguments[at + 1]) == null)
        throw new IllegalArgumentException("options, each with a value: " + OPTIONS.keySet());
    Path schema = OPTIONS.get("--schema").isEmpty() ? repositorysSchema() : Path.of(OPTIONS.get("--schema"));
    if (!Files.exists(schema)) {
      System.err.println(schema + ": No such file; name a copy of " + SCHEMA_NAME + " with --schema");
      System.exit(1);
    }
    CountDownLatch ended = new CountDownLatch(1);
    Runtime.getRuntime().addShutdownHook(new Thread(() -> { // the JVM's exit code after SIGTERM is 143
      stopping = true;
      try { ended.await(); } catch (InterruptedException ignored) { Thread.currentThread().interrupt(); }
    }));
    try {
      new Consumer(Path.of(OPTIONS.get("--store")), Files.readString(schema)).follow();
    } finally {
      ended.countDown();
    }
  }

  /** Finds the repository's schema from where this file lies; compiled, it lies elsewhere. */
  static Path repositorysSchema() throws URISyntaxException {
    var here = Path.of(Consumer.class.getProtectionDomain().getCodeSource().getLocation().toURI());
    return here.resolveSibling("../../schemas").normalize().resolve(SCHEMA_NAME);
  }

  /** Handles what comes, batch by batch: first the store, then the offsets. */
  void follow() throws IOException {
    Map<String, Object> settings = Map.of(
        "bootstrap.servers", OPTIONS.get("--bootstrap-servers"),
        "group.id", OPTIONS.get("--group"),
        "isolation.level", "read_committed",
        "auto.offset.reset", "earliest",
        "enable.auto.commit", false);
    int until = Integer.parseInt(OPTIONS.get("--until"));
    int fresh = 0;
    try (var consumer = new KafkaConsumer<>(settings, new ByteArrayDeserializer(), new ByteArrayDeserializer())) {
      consumer.subscribe(List.of(OPTIONS.get("--topics").split(",")));
      while (!stopping && (until == 0 || fresh < until)) {
        var records = consumer.poll(Duration.ofMillis(500));
        if (records.isEmpty()) continue;
        fresh += handle(records);
        try {
          consumer.commitSync();
        } catch (KafkaException error) { // the partitions moved: what comes again is known by its event_id
          System.err.println("not committed: " + error);
        }
      }
    }
  }

  /** Writes the effects of a batch with their ids, and returns the number of new events. */
  int handle(Iterable<ConsumerRecord<byte[], byte[]>> records) throws IOException {
    List<JsonNode> entries = new ArrayList<>();
    StringBuilder lines = new StringBuilder();
    for (var record : records) {
      JsonNode entry = entryOf(record);
      if (handled.contains(entry.get("event_id").asText())) continue;
      remember(entry);
      entries.add(entry);
      lines.append(entry).append('\n');
    }
    journal.write(lines.toString().getBytes(StandardCharsets.UTF_8));
    journal.getFD().sync();
    int fresh = 0;
    for (JsonNode entry : entries) {
      if (entry.has("reason")) {
        System.err.println("set aside " + entry.get("event_id").asText() + ": " + entry.get("reason").asText());
      } else {
        System.out.println(entry);
        fresh++;
      }
    }
    return fresh;
  }

  /** Says what a record would add to the store: an effect, or a value set aside for a person. */
  JsonNode entryOf(ConsumerRecord<byte[], byte[]> record) {
    JsonNode event;
    try {
      event = record.value() == null ? MissingNode.getInstance() : JSON.readTree(record.value());
    } catch (IOException notJson) {
      event = MissingNode.getInstance();
    }
    if (event.isMissingNode()) return setAside(record, "not JSON");
    var errors = schema.validate(event);
    if (!errors.isEmpty())
      return setAside(record, errors.get(0).getInstanceLocation() + ": " + errors.get(0).getKeyword());
    String id = event.get("message_id").isNull() ? event.get("extra_id").asText() : event.get("message_id").asText();
    String message = event.get("account").asText() + "/" + id;
    ObjectNode line = JSON.createObjectNode();
    for (String field : List.of("event_id", "type", "sequence")) line.set(field, event.get(field));
    // Two topics may be read in any order: only a higher sequence is news of the message.
    return line.put("message", message)
        .put("channel", CHANNELS.contains(event.get("channel").asText()) ? event.get("channel").asText() : "other")
        .put("newest", event.get("sequence").asLong() > sequences.getOrDefault(message, 0L));
  }

  static JsonNode setAside(ConsumerRecord<byte[], byte[]> record, String reason) {
    String place = record.topic() + "/" + record.partition() + "/" + record.offset();
    return JSON.createObjectNode().put("event_id", place).put("reason", reason).put("value", record.value());
  }

  void remember(JsonNode entry) {
    handled.add(entry.get("event_id").asText());
    if (entry.has("message"))
      sequences.merge(entry.get("message").asText(), entry.get("sequence").asLong(), Math::max);
  }
}
